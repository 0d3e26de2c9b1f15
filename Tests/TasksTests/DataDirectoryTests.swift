import Tasks
import Testing

@Suite("The data directory")
struct DataDirectoryTests {
  @Test(
    "The first of the places that are named",
    arguments: [
      ("/a", ["ADAMQLR_DATA": "/b", "XDG_CACHE_HOME": "/c", "HOME": "/d"], "/a"),
      (nil, ["ADAMQLR_DATA": "b", "XDG_CACHE_HOME": "/c", "HOME": "/d"], "b"),
      (nil, ["ADAMQLR_DATA": "", "XDG_CACHE_HOME": "/c/", "HOME": "/d"], "/c/adamqlr-swift/data"),
      (nil, ["XDG_CACHE_HOME": "c", "HOME": "/d"], "/d/.cache/adamqlr-swift/data"),
      (nil, ["XDG_CACHE_HOME": "", "HOME": "/d"], "/d/.cache/adamqlr-swift/data"),
    ] as [(String?, [String: String], String)])
  func places(_ asked: String?, _ environment: [String: String], _ path: String) {
    #expect(DataDirectory.path(asked, environment: environment) == path)
  }
}
