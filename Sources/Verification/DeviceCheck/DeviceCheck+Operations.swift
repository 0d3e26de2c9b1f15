import AdamQLRTorch

/// Operations that are no fused kernels, but differ between devices.
extension DeviceCheck {
  static let operations: [Comparison] = [
    Comparison(name: "attention") { o in
      var results: [Tensor] = []
      for isCausal in [false, true] {
        let (q, k, v) = (o.normals(2, 3, 7, 8), o.normals(2, 3, 7, 8), o.normals(2, 3, 7, 8))
        let (value, logarithms) = Attention.attend(q, k, v, isCausal: isCausal, scale: 0.4)
        let parts = Attention.pullback(
          o.normals(2, 3, 7, 8), q, k, v, value: value, logarithms: logarithms,
          isCausal: isCausal, scale: 0.4)
        results += [value, logarithms, parts.q, parts.k, parts.v]
      }
      return results
    },
    Comparison(name: "convolution and pooling") { o in
      let (image, kernel) = (o.normals(3, 9, 9, 4), o.normals(6, 3, 3, 2))
      let geometry = ConvolutionGeometry(stride: [2, 2], padding: [1, 1], groups: 2)
      let z = image.convolved(with: kernel, geometry)
      let parts = image.convolutionPullback(
        z, kernel: kernel, geometry, needsImage: true, needsKernel: true)
      let windows = ConvolutionGeometry(stride: [2, 2], padding: [0, 0])
      let (largest, places) = image.maxPooled([3, 3], windows)
      return [
        z, largest, places.to(.float64), image.gathered(at: places),
        image.maxPoolPullback(1 * largest, [3, 3], windows, indices: places),
        image.averagePooled([3, 3], windows),
        image.averagePoolPullback(1 * largest, [3, 3], windows),
        image.padded(top: 1, bottom: 0, left: 2, right: 1),
      ] + [parts.image, parts.kernel].compactMap(\.self)
    },
    Comparison(name: "rows by number") { o in
      let (table, indices) = (o.normals(11, 5), o.integers(below: 11, 4, 6))
      let sums = 1 * table
      sums.addRows(o.normals(4, 6, 5), at: indices)
      let order = Tensor.countingUp(5, by: 2, on: o.device)
      return [table.rows(at: indices), sums, table.rows(at: order)]
    },
    Comparison(name: "eigenvalues", tolerances: [.float32: 1e-4, .float64: 1e-10]) { o in
      let x = o.normals(30, 12)
      let gram = x.transposed().matmul(x).contiguous()
      let (values, vectors) = try gram.eigendecomposition()
      return [values, (vectors * values).matmul(vectors.transposed())]
    },
    // These are the same on every device but the processor.
    Comparison(
      name: "random numbers", tolerances: [.float32: 1e-5, .float64: 1e-12], reference: .simulated
    ) { o in
      var generator = o.split()
      return [
        .uniforms([100, 3], on: o.device, using: &generator),
        .normals([50, 7], o.type, on: o.device, using: &generator),
        .dropoutMask(
          [40, 20], o.type, probability: 0.3, on: o.device, using: &generator),
      ]
    },
  ]
}
