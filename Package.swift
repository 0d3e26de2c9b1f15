// swift-tools-version: 6.1
import PackageDescription

// `make setup` puts libtorch here. The AdamQLR library needs none of it, and no unsafe flags.
let libtorch = Context.packageDirectory + "/.libtorch/torch"

let package = Package(
  name: "adamqlr-swift",
  products: [
    .library(name: "AdamQLR", targets: ["AdamQLR"]),
    .library(name: "AdamQLRNetworks", targets: ["Networks", "Torch"]),
    .executable(name: "adamqlr", targets: ["CommandLineTool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  // A target names every module that it imports: what is only found through another is not built
  // anew when it changes.
  targets: [
    .target(name: "AdamQLR"),
    .target(
      name: "CTorch",
      exclude: ["SymmetricBodies.inc", "KernelBodies.inc", "LayerBodies.inc"],
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
    .target(name: "Torch", dependencies: ["CTorch"]),
    .target(name: "Networks", dependencies: ["AdamQLR", "Torch"]),
    .systemLibrary(name: "CZlib"),
    .systemLibrary(name: "CMatio"),
    .target(name: "Tasks", dependencies: ["Networks", "Torch", "CMatio", "CZlib"]),
    .target(name: "Training", dependencies: ["AdamQLR", "Networks", "Tasks", "Torch", "Yams"]),
    .target(
      name: "Studies", dependencies: ["AdamQLR", "Networks", "Tasks", "Torch", "Training", "Yams"]),
    .target(name: "Reports", dependencies: ["Studies", "Tasks", "Training"]),
    .executableTarget(
      name: "CommandLineTool",
      dependencies: [
        "AdamQLR", "Reports", "Studies", "Tasks", "Torch", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "OwnModel", dependencies: ["AdamQLR", "Networks", "Torch"], path: "Examples/OwnModel"),
    .target(name: "LocalServer", path: "Tests/LocalServer"),
    .testTarget(name: "AdamQLRTests", dependencies: ["AdamQLR"]),
    .testTarget(name: "ConsumerTests"),
    .testTarget(name: "ReportsTests", dependencies: ["Reports", "Studies"]),
    .testTarget(name: "TorchTests", dependencies: ["Torch"]),
    .testTarget(name: "NetworksTests", dependencies: ["AdamQLR", "Networks", "Torch"]),
    .testTarget(name: "TasksTests", dependencies: ["Networks", "Tasks", "Torch", "LocalServer"]),
    .testTarget(name: "TrainingTests", dependencies: ["Tasks", "Training"]),
    .testTarget(
      name: "CommandLineTests",
      dependencies: ["AdamQLR", "CommandLineTool", "OwnModel", "LocalServer", "Training"],
      exclude: ["Interface.txt"]),
    .testTarget(
      name: "StudiesTests", dependencies: ["AdamQLR", "Studies", "Training"],
      resources: [.copy("Traces")]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)
