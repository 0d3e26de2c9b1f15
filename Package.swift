// swift-tools-version: 6.1
import PackageDescription

// `make setup` puts libtorch here, or where LIBTORCH_DIR says. The AdamQLR library needs none of it,
// and no unsafe flags.
let folder = Context.environment["LIBTORCH_DIR"] ?? ".libtorch"
let libtorch = (folder.hasPrefix("/") ? folder : Context.packageDirectory + "/" + folder) + "/torch"

let package = Package(
  name: "adamqlr-swift",
  products: [
    .library(name: "AdamQLR", targets: ["AdamQLR"]),
    .library(name: "AdamQLRNetworks", targets: ["Networks", "Torch"]),
    .executable(name: "adamqlr", targets: ["CommandLineTool"]),
    .executable(name: "adamqlr-gpu", targets: ["GPUBundle"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  // A target names every module that it imports: what is only found through another is not built
  // anew when it changes.
  targets: [
    .target(name: "Requirements"),
    .target(name: "AdamQLR", dependencies: ["Requirements"]),
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
    .target(name: "Torch", dependencies: ["CTorch", "Requirements"]),
    .target(name: "Networks", dependencies: ["AdamQLR", "Requirements", "Torch"]),
    .systemLibrary(name: "CZlib"),
    .systemLibrary(name: "CMatio"),
    .target(name: "Tasks", dependencies: ["Networks", "Requirements", "Torch", "CMatio", "CZlib"]),
    .target(
      name: "Training",
      dependencies: ["AdamQLR", "Networks", "Requirements", "Tasks", "Torch", "Yams"]),
    .target(
      name: "Studies",
      dependencies: ["AdamQLR", "Networks", "Requirements", "Tasks", "Torch", "Training", "Yams"]),
    .target(name: "Reports", dependencies: ["AdamQLR", "Studies", "Tasks", "Training"]),
    // Whatever imports FoundationNetworking stays in here: it cannot be linked statically.
    .target(name: "Fetching", dependencies: ["Tasks"]),
    .target(
      name: "Commands",
      dependencies: [
        "AdamQLR", "Reports", "Studies", "Tasks", "Torch", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "CommandLineTool",
      dependencies: [
        "Commands", "Fetching", "Tasks", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "GPUBundle",
      dependencies: [
        "Commands", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "OwnModel", dependencies: ["AdamQLR", "Networks", "Torch"], path: "Examples/OwnModel"),
    .target(name: "LocalServer", path: "Tests/LocalServer"),
    .executableTarget(
      name: "OwnOptimizer",
      dependencies: [
        "AdamQLR", "Commands", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Tests/OwnOptimizer"),
    .testTarget(
      name: "AdamQLRTests", dependencies: ["AdamQLR"], resources: [.copy("Baselines")]),
    .testTarget(name: "ConsumerTests"),
    .testTarget(name: "ReportsTests", dependencies: ["AdamQLR", "Reports", "Studies"]),
    .testTarget(name: "TorchTests", dependencies: ["CTorch", "Torch"]),
    .testTarget(
      name: "NetworksTests", dependencies: ["AdamQLR", "Networks", "Torch"],
      resources: [.copy("Baselines")]),
    .testTarget(
      name: "TasksTests", dependencies: ["Networks", "Tasks", "Torch", "Fetching", "LocalServer"]),
    .testTarget(name: "TrainingTests", dependencies: ["AdamQLR", "Networks", "Tasks", "Training"]),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "AdamQLR", "CommandLineTool", "GPUBundle", "OwnModel", "OwnOptimizer", "LocalServer",
        "Torch", "Training",
      ],
      exclude: ["Interface.txt"]),
    .testTarget(
      name: "StudiesTests", dependencies: ["AdamQLR", "Studies", "Tasks", "Torch", "Training"],
      resources: [.copy("Traces")]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)
