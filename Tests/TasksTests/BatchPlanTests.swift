import AdamQLRNetworks
import Foundation
import Tasks
import Testing

@Suite("Batch plans")
struct BatchPlanTests {
  @Test(
    "An epoch is cut into batches that differ by at most one example, and has each once",
    arguments: [
      (1, 1), (1, 10), (10, 1), (10, 3), (10, 4), (10, 10), (10, 11), (588, 100), (1000, 999),
      (8000, 3200), (34_983, 1000),
    ])
  func partition(_ count: Int, _ size: Int) {
    let plan = BatchPlan(exampleCount: count, batchSize: size, seed: 0)
    let batches = plan.batches(ofEpoch: 3)
    #expect(batches.count == plan.batchCount)
    #expect(batches.count == Int((Double(count) / Double(size)).rounded(.up)))
    let sizes = batches.map(\.count)
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    #expect((sizes.max() ?? 0) <= size)
    #expect(batches.joined().sorted() == Array(0..<count))
    #expect(Array(batches.joined()) == plan.order(ofEpoch: 3))
    for (i, batch) in batches.enumerated() {
      #expect(batch == plan.order(ofEpoch: 3)[plan.range(ofBatch: i)])
    }
  }

  @Test("Every small plan is a partition")
  func smallPlans() {
    for count in 1...40 {
      for size in 1...45 {
        let plan = BatchPlan(exampleCount: count, batchSize: size, seed: 0)
        var next = 0
        for batch in 0..<plan.batchCount {
          let range = plan.range(ofBatch: batch)
          #expect(range.lowerBound == next && !range.isEmpty && range.count <= size)
          next = range.upperBound
        }
        #expect(next == count)
      }
    }
  }

  @Test("Seed, epoch and name determine the order, and each changes it")
  func orders() {
    func order(_ seed: UInt64, _ epoch: Int, _ stream: String = "batches") -> [Int] {
      BatchPlan(exampleCount: 100, batchSize: 30, seed: seed, stream: stream).order(ofEpoch: epoch)
    }
    #expect(order(1, 5) == order(1, 5))
    let orders = [order(1, 5), order(1, 6), order(2, 5), order(1, 5, "second"), order(0, 0)]
    #expect(Set(orders).count == orders.count)
    #expect(!orders.contains(Array(0..<100)))
  }

  @Test("One batch of all keeps the examples in order")
  func fullBatch() {
    let plan = BatchPlan(exampleCount: 5, batchSize: 3200, seed: 1)
    #expect(plan.batches(ofEpoch: 9) == [[0, 1, 2, 3, 4]])
  }

  @Test("Every example comes to every batch, over epochs")
  func mixing() {
    let plan = BatchPlan(exampleCount: 12, batchSize: 4, seed: 2)
    var counts = [[Int]](repeating: [0, 0, 0], count: 12)
    for epoch in 0..<600 {
      for (batch, examples) in plan.batches(ofEpoch: epoch).enumerated() {
        for example in examples { counts[example][batch] += 1 }
      }
    }
    #expect(counts.joined().allSatisfy { abs($0 - 200) < 80 })
  }

  @Test("Encoded and decoded, a plan gives the same batches")
  func coding() throws {
    let plan = BatchPlan(exampleCount: 50, batchSize: 7, seed: .max, stream: "β")
    let copy = try JSONDecoder().decode(BatchPlan.self, from: try JSONEncoder().encode(plan))
    #expect(copy == plan)
    #expect(copy.batches(ofEpoch: 1) == plan.batches(ofEpoch: 1))
  }
}
