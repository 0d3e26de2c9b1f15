// swift-tools-version: 6.1
import PackageDescription

// `make setup` puts libtorch here. The AdamQLR library needs none of it, and no unsafe flags.
let libtorch = Context.packageDirectory + "/.libtorch/torch"

let package = Package(
  name: "adamqlr-swift",
  products: [
    .library(name: "AdamQLR", targets: ["AdamQLR"]),
  ],
  targets: [
    .target(name: "AdamQLR"),
    .target(
      name: "CTorch",
      exclude: ["KernelBodies.inc"],
      cxxSettings: [
        .unsafeFlags([
          "-isystem", libtorch + "/include",
          "-isystem", libtorch + "/include/torch/csrc/api/include",
          "-fno-math-errno", "-O3",
        ])
      ],
      linkerSettings: [
        .unsafeFlags([
          "-L" + libtorch + "/lib", "-Xlinker", "-rpath", "-Xlinker", libtorch + "/lib",
        ]),
        .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
      ]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)
