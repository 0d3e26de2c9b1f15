import Files
import Tasks
import Testing

@Suite("Data sources")
struct DataSourceTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func load(_ source: DataSource) -> () throws(DataError) -> DataSet<Double> {
    let path = folder.path
    return { () throws(DataError) in try source.load(from: path) }
  }

  /// A table of as many rows, in which each number tells its row and column.
  private func table(_ rows: Int, columns: Int = 9) -> String {
    (0..<rows).map { row in
      (0..<columns).map { "\(row * 10 + $0)" }.joined(separator: " ")
    }.joined(separator: "\n")
  }

  private func writeImages(
    _ prefix: String, _ count: Int, in name: String, rows: Int = 2
  ) throws {
    try folder.write(idxImages(count, rows), to: "\(name)/\(prefix)-images-idx3-ubyte")
    let labels = (0..<count).map { UInt8($0 % 10) }
    try folder.write(
      gzipped(idxLabels(labels)), to: "\(name)/\(prefix)-labels-idx1-ubyte.gz")
  }

  @Test(
    "A missing file is named, with where it was sought and what to do",
    arguments: [
      (DataSource.uciEnergy, "uci-energy/data.txt: no such file in '"),
      (.uciProtein, "uci-protein/data.txt"),
      (.fashionMNIST, "fashion-mnist/train-images-idx3-ubyte.gz"),
      (.mnist, "mnist/train-images-idx3-ubyte.gz"),
      (.mnist10k, "mnist-10k/t10k-images-idx3-ubyte.gz"),
    ])
  func missing(_ source: DataSource, _ message: String) throws {
    expectError(message, folder.path, "--data-dir", "ADAMQLR_DATA", from: load(source))
    try folder.write("", to: source.rawValue + "/other.txt")
    expectError(message, folder.path, from: load(source))
  }

  @Test("A table is put in its order, divided and normalized")
  func permutedTable() throws {
    try folder.write(table(20), to: "uci-energy/data.txt")
    let order = (0..<20).map { ($0 * 7 + 3) % 20 }
    try folder.write(
      order.map { "\($0)" }.joined(separator: "\n"), to: "uci-energy/permutation_indices.txt")
    let data = try load(.uciEnergy)()
    // 18 rows train and validate, round(18 · 0.85) = 15 of them train.
    #expect(data.training.count == 15)
    #expect(data.validation?.count == 3)
    #expect(data.test.count == 2)
    #expect(data.example == .features(8) && data.featureCount == 8)

    let known = order.prefix(18).map { Double($0 * 10) }
    let mean = known.reduce(0, +) / 18
    let deviation = (known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 18).squareRoot()
    for (part, rows) in [(data.training, 0..<15), (data.test, 18..<20)] {
      let expected = order[rows].map { (Double($0 * 10) - mean) / deviation }
      for j in 0..<8 {
        for (i, value) in expected.enumerated() {
          #expect(abs(part.inputs[i * 8 + j] - value) < 1e-12)
        }
      }
      guard case .values(let targets, columns: 1) = part.targets else {
        Issue.record("the targets are no numbers")
        return
      }
      #expect(zip(targets, expected).allSatisfy { abs($0 - $1) < 1e-12 })
    }
    #expect(abs((data.targetNormalization?.means.first ?? 0) - (mean + 8)) < 1e-12)
    #expect(data.training.targets.outputCount == 1)
  }

  @Test("Without a file of indices, the rows are shuffled all the same")
  func shuffledTable() throws {
    try folder.write(table(100), to: "uci-energy/data.txt")
    let first = try load(.uciEnergy)()
    let second = try load(.uciEnergy)()
    #expect(first.training.inputs == second.training.inputs)
    let rows = first.inputNormalization.restored(first.training.inputs).enumerated()
      .filter { $0.offset % 8 == 0 }.map { Int(($0.element / 10).rounded()) }
    #expect(rows != rows.sorted())
    #expect(Set(rows).count == first.training.count)
  }

  @Test("Tables of another width, too few rows or a bad order are refused")
  func badTables() throws {
    try folder.write(table(20, columns: 8), to: "uci-energy/data.txt")
    expectError("data.txt, line 1: 8 numbers; expected 9", from: load(.uciEnergy))
    try folder.write(table(9), to: "uci-energy/data.txt")
    expectError("data.txt: 9 rows; expected at least 10", from: load(.uciEnergy))
    try folder.write(table(10), to: "uci-energy/data.txt")
    #expect(try load(.uciEnergy)().test.count == 1)
    try folder.write("0 1 2", to: "uci-energy/permutation_indices.txt")
    expectError("permutation_indices.txt: 3 entries; expected 10", from: load(.uciEnergy))
  }

  @Test("Images are divided and normalized", arguments: [DataSource.mnist, .fashionMNIST])
  func images(_ source: DataSource) throws {
    try writeImages("train", 12, in: source.rawValue)
    try writeImages("t10k", 4, in: source.rawValue)
    let data = try load(source)()
    #expect(data.training.count == 10)
    #expect(data.validation?.count == 2)
    #expect(data.test.count == 4)
    #expect(data.example == .image(height: 2, width: 3, channels: 1))
    #expect(data.targetNormalization == nil)
    // Pixel j of image i is 6i + j.
    let deviation = 36 * (143.0 / 12) / (255 * 255)
    for j in 0..<6 {
      #expect(abs(data.inputNormalization.means[j] - Double(33 + j) / 255) < 1e-14)
      #expect(abs(data.inputNormalization.deviations[j] - deviation.squareRoot()) < 1e-14)
    }
    guard case .classes(let classes, count: 10) = data.validation?.targets else {
      Issue.record("the targets are no classes")
      return
    }
    #expect(classes == [0, 1])
    #expect(data.test.targets.outputCount == 10)
  }

  @Test("Fashion-MNIST may lie in the directory itself, MNIST may not")
  func filesInDirectory() throws {
    try writeImages("train", 12, in: ".")
    try writeImages("t10k", 4, in: ".")
    #expect(try load(.fashionMNIST)().training.count == 10)
    expectError("mnist/train-images", from: load(.mnist))
  }

  @Test("MNIST's test images are found in either folder", arguments: ["mnist-10k", "mnist"])
  func testImages(_ name: String) throws {
    try writeImages("t10k", 10, in: name)
    let data = try load(.mnist10k)()
    #expect(data.training.count == 8 && data.test.count == 2)
    #expect(data.validation == nil)
    #expect(abs(data.inputNormalization.means[0] - 21.0 / 255) < 1e-14)
  }

  @Test("Images that do not fit together, or are too few, are refused")
  func badImages() throws {
    try writeImages("train", 12, in: "mnist")
    try writeImages("t10k", 4, in: "mnist", rows: 3)
    expectError(
      "t10k-images-idx3-ubyte: images of 3×3; expected 2×3", from: load(.mnist))
    try writeImages("t10k", 4, in: "mnist")
    try writeImages("train", 2, in: "mnist")
    expectError("train-images-idx3-ubyte: 2 images; expected at least 3", from: load(.mnist))
    expectError("this is a directory") { () throws(DataError) in
      let path = directoryInsteadOfFile()
      return try DataSource.mnist10k.load(as: Float.self, from: path)
    }
  }

  private func directoryInsteadOfFile() -> String {
    for name in ["images-idx3", "labels-idx1"] {
      _ = try? folder.write("", to: "odd/mnist-10k/t10k-\(name)-ubyte.gz/file")
    }
    return folder.path + "/odd"
  }

  @Test(
    "The paper's divisions of real data",
    .enabled(if: SharedData.has("uci-energy"), "the data sets beside the package are not there"),
    arguments: [
      (DataSource.uciEnergy, 588, 104, 76, 8), (.uciProtein, 34_983, 6174, 4573, 9),
      (.mnist10k, 8000, 0, 2000, 784),
    ])
  func realData(
    _ source: DataSource, _ training: Int, _ validation: Int, _ test: Int, _ features: Int
  ) throws {
    let data = try source.load(as: Double.self, from: SharedData.path)
    #expect(data.training.count == training)
    #expect(data.validation?.count ?? 0 == validation)
    #expect(data.test.count == test)
    #expect(data.featureCount == features)
    let known = data.training.inputs + (data.validation?.inputs ?? [])
    let measured = Normalization(of: known, columns: features)
    #expect(measured.means.allSatisfy { abs($0) < 1e-9 })
    // Constant columns are 0, which counts as deviation 1.
    #expect(measured.deviations.allSatisfy { abs($0 - 1) < 1e-9 })
    let single = try source.load(as: Float.self, from: SharedData.path)
    #expect(single.test.inputs == data.test.inputs.map { Float($0) })
  }

  @Test(
    "The paper's shuffle of real data",
    .enabled(if: SharedData.has("uci-energy"), "the data sets beside the package are not there"))
  func realOrder() throws {
    let data = try DataSource.uciEnergy.load(as: Double.self, from: SharedData.path)
    let table = try NumberTable(file: SharedData.path + "/uci-energy/data.txt")
    let order = try NumberTable(file: SharedData.path + "/uci-energy/permutation_indices.txt")
    #expect(order.values.first == 526)
    guard case .values(let targets, columns: 1) = data.test.targets else {
      Issue.record("the targets are no numbers")
      return
    }
    let restored = data.targetNormalization?.restored(targets) ?? []
    let expected = order.values[692...].map { table.values[Int($0) * 9 + 8] }
    #expect(restored.count == 76)
    #expect(zip(restored, expected).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test(
    "A part of Fashion-MNIST is read from its own directory",
    .enabled(
      if: SharedData.has("fashion-mnist-1000"), "the data sets beside the package are not there"))
  func fashion() throws {
    let data = try DataSource.fashionMNIST.load(
      as: Float.self, from: SharedData.path + "/fashion-mnist-1000")
    #expect(data.training.count == 667)
    #expect(data.validation?.count == 133)
    #expect(data.test.count == 200)
  }

  @Test("Digits need no files, and their seed decides")
  func digits() throws {
    #expect(DataSource.digits.files.isEmpty)
    let data = try DataSource.digits.load(as: Float.self, from: "", seed: 5)
    #expect(data.training.count == 12_000)
    #expect(data.validation?.count == 2000)
    #expect(data.test.count == 2000)
    let test = Digits(seed: 5).images(.test)
    #expect(data.test.inputs == data.inputNormalization.normalizedPixels(test.pixels))
  }
}
