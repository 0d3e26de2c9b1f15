import ArgumentParser
import Commands
import Training

/// The command as `make gpu-bundle` packs it: what checks and measures a GPU.
///
/// It is linked statically, which excludes what needs the network: `FoundationNetworking` asks for
/// libraries that a machine without Swift need not have.
@main
struct GPUBundle: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adamqlr",
    abstract: "Trains networks with AdamQLR on a GPU, and measures and checks the steps.",
    version: Release.description,
    subcommands: CommandGroup.onDevices)

  static func main() { runAsProgram() }
}
