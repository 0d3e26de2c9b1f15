import ArgumentParser

/// The option that says where the data sets are.
struct DataDirectoryOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The directory of the data sets, as 'adamqlr data' has it.",
      discussion: "Default: $ADAMQLR_DATA, else adamqlr-swift/data in the user's cache directory.",
      valueName: "dir"))
  var dataDir: String?
}
