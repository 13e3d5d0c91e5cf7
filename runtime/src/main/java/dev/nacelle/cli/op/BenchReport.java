package dev.nacelle.cli.op;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.nativeaccess.NativeMemory;
import java.util.Locale;

/** What was measured, a row a pass: for programs always, for people where they want it. */
final class BenchReport {
  private final KernelSet kernels;
  private final Limits limits;
  private final ArrayNode results;
  private final boolean printed;

  BenchReport(KernelSet kernels, Limits limits, ArrayNode results, boolean printed) {
    this.kernels = kernels;
    this.limits = limits;
    this.results = results;
    this.printed = printed;
  }

  /** Runs the pass once more, for the memory that it takes on its way. */
  void add(BenchCase measured, Measurement pass, double seconds) {
    boolean copies = pass.shareOf() == Measurement.Limit.COPY;
    double share =
        copies
            ? pass.bytes() / seconds / limits.copyBandwidth()
            : pass.flops() / seconds / limits.gemmRate();
    ObjectNode node = results.addObject();
    node.put("op", measured.name())
        .put("backend", kernels.backend().label())
        .put("dtype", measured.dtype().label())
        .put("pass", pass.pass());
    if (!pass.variant().isEmpty()) {
      node.put("variant", pass.variant());
    }
    ObjectNode letters = node.putObject("size");
    measured.size().forEach(letters::put);
    node.put("seconds", seconds)
        .put("bytes", pass.bytes())
        .put("flops", pass.flops())
        .put("extra_bytes", pass.workspace() + allocated(pass.work()))
        .put("share", share)
        .put("share_of", pass.shareOf().label());
    if (printed) {
      System.out.printf(
          Locale.ROOT,
          "%-16s %-5s %-4s %-17s %9.3f ms  %6.1f GB/s  %3.0f %% of %s  %s%n",
          measured.name(),
          measured.dtype().label(),
          pass.variant(),
          pass.pass(),
          seconds * 1e3,
          pass.bytes() / seconds / 1e9,
          100 * share,
          pass.shareOf().label(),
          measured.size());
    }
  }

  /** Bytes of native memory that one run takes on its way, all together. */
  private static long allocated(Runnable work) {
    long before = NativeMemory.allocatedBytes();
    work.run();
    return NativeMemory.allocatedBytes() - before;
  }
}
