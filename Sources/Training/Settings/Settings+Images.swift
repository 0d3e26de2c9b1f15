import AdamQLR
import Tasks

/// The settings of images of one's own.
extension Settings {
  static let imageFolder: [Setting<Settings>] = [
    Setting(
      "images.path", \.images.optionalPath, SettingRange("a folder, or null"),
      "Images: a folder with a folder for each class, perhaps below train, validation and test."),
    Setting(
      "images.size", \.images.size,
      SettingRange("a whole number from 8 to 1024") {
        (8...1024).contains($0)
      }, "Images: height and width that they are brought to, cut to a square around the middle."),
    Setting(
      "images.augmentation", \.images.augmentation,
      "Images: how those that train are varied; crop-flip: as the paper does CIFAR-10's."),
    Setting(
      "images.test", \.images.testFraction, .decay,
      "Images: share that tests; without effect beside a folder test."),
    Setting(
      "images.validation", \.images.validationFraction, .decay,
      "Images: share of the others that validates; without effect beside a folder validation."),
  ]
}

extension ImageSource {
  fileprivate var optionalPath: String? {
    get { path.isEmpty ? nil : path }
    set { path = newValue ?? "" }
  }
}
