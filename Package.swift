// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "adamqlr-swift",
  products: [
    .library(name: "AdamQLR", targets: ["AdamQLR"]),
    .library(name: "AdamQLRNetworks", targets: ["AdamQLRNetworks", "AdamQLRTorch"]),
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
      name: "CTorch", dependencies: ["CLibtorch"],
      exclude: [
        "Kernels/KernelBodies.inc", "Kernels/LayerBodies.inc", "Products/SymmetricBodies.inc",
      ],
      cxxSettings: ["Devices", "Distributed", "Engine", "Kernels", "Products", "Threads"].map {
        .headerSearchPath($0)
      }),
    .systemLibrary(name: "CLibtorch", pkgConfig: "libtorch"),
    .target(name: "AdamQLRTorch", dependencies: ["CTorch", "Requirements"]),
    .target(name: "AdamQLRNetworks", dependencies: ["AdamQLR", "Requirements", "AdamQLRTorch"]),
    .systemLibrary(name: "CZlib"),
    .systemLibrary(name: "CMatio"),
    .target(name: "Files", dependencies: ["CMatio", "CZlib", "Requirements"]),
    .target(
      name: "Tasks", dependencies: ["AdamQLRNetworks", "AdamQLRTorch", "Files", "Requirements"],
      resources: [.embedInCode("Images/Folders/pack_images.py")]),
    .target(
      name: "Training",
      dependencies: [
        "AdamQLR", "AdamQLRNetworks", "AdamQLRTorch", "Files", "Requirements", "Tasks", "Yams",
      ]),
    .target(
      name: "Studies",
      dependencies: [
        "AdamQLR", "AdamQLRNetworks", "Files", "Requirements", "Tasks", "Training", "Yams",
      ],
      resources: [.embedInCode("Jobs/Ray/ray_driver.py")]
        + [
          "rosenbrock", "performance", "fixed-runtime-training", "fixed-runtime-validation",
          "sensitivity", "ablation-damping", "ablation-curvature", "extensions", "equal-batch",
        ].map { .embedInCode("Paper/\($0).yaml") }),
    .target(
      name: "Verification",
      dependencies: [
        "AdamQLR", "AdamQLRNetworks", "AdamQLRTorch", "Files", "Requirements", "Tasks", "Training",
        "Yams",
      ]),
    .target(name: "Reports", dependencies: ["AdamQLR", "Files", "Studies", "Tasks", "Training"]),
    // Whatever imports FoundationNetworking stays in here: it cannot be linked statically.
    .target(name: "Fetching", dependencies: ["Files", "Tasks"]),
    .target(
      name: "Commands",
      dependencies: [
        "AdamQLR", "AdamQLRNetworks", "AdamQLRTorch", "Files", "Reports", "Studies", "Tasks",
        "Training",
        "Verification",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "CommandLineTool",
      dependencies: [
        "Commands", "Fetching", "Files", "Tasks", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "GPUBundle",
      dependencies: [
        "Commands", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "Classifier", dependencies: ["AdamQLRNetworks"], path: "Examples/Classifier"),
    .target(name: "LocalServer", path: "Tests/LocalServer"),
    .executableTarget(
      name: "OwnOptimizer",
      dependencies: [
        "AdamQLR", "Commands", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Tests/OwnOptimizer"),
    .target(
      name: "Fuzzing",
      dependencies: ["AdamQLRTorch", "Files", "Studies", "Tasks", "Training", "Verification"],
      path: "Tests/Fuzzing", exclude: ["Corpus"]),
    .executableTarget(name: "FuzzProgram", dependencies: ["Fuzzing"], path: "Tests/FuzzProgram"),
    .testTarget(
      name: "AdamQLRTests", dependencies: ["AdamQLR"], resources: [.copy("Baselines")]),
    .testTarget(name: "ConsumerTests"),
    .testTarget(name: "ReportsTests", dependencies: ["AdamQLR", "Files", "Reports", "Studies"]),
    .testTarget(name: "TorchTests", dependencies: ["CTorch", "AdamQLRTorch"]),
    .testTarget(
      name: "NetworksTests",
      dependencies: ["AdamQLR", "AdamQLRNetworks", "AdamQLRTorch", "CTorch", "LocalServer"],
      resources: [.copy("Baselines")]),
    .testTarget(
      name: "TasksTests",
      dependencies: [
        "AdamQLRNetworks", "AdamQLRTorch", "Fetching", "Files", "LocalServer", "Tasks",
      ],
      resources: [.copy("Baselines")]),
    .testTarget(
      name: "TrainingTests",
      dependencies: ["AdamQLR", "AdamQLRNetworks", "Files", "Tasks", "Training"]),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "AdamQLR", "Classifier", "CommandLineTool", "FuzzProgram", "Fuzzing", "GPUBundle",
        "OwnOptimizer", "LocalServer", "AdamQLRTorch", "Files", "Training", "Verification",
      ],
      exclude: ["Interface.txt"]),
    .testTarget(
      name: "StudiesTests",
      dependencies: [
        "AdamQLR", "AdamQLRTorch", "Files", "Studies", "Tasks", "Training", "Verification",
      ],
      resources: [.copy("Traces")]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)

// libtorch is found by pkg-config: `make setup` writes .libtorch/libtorch.pc, or one where LIBTORCH_DIR
// says, and PKG_CONFIG_PATH names its folder. Only programs and tests, on which no other package can
// depend, have an unsafe flag: the folder in which they find libtorch when they run.
let folder = Context.environment["LIBTORCH_DIR"] ?? ".libtorch"
let libraries =
  (folder.hasPrefix("/") ? folder : Context.packageDirectory + "/" + folder) + "/torch/lib"
for target in package.targets where target.type == .executable || target.type == .test {
  target.linkerSettings = [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", libraries])]
}
