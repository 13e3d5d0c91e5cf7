package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.train.ComputeKernels;
import picocli.CommandLine.Option;

/** Where and with how much a command computes. */
final class ComputeFlags {
  @Option(names = "--threads", description = "Threads of every kernel (default: physical cores).")
  int threads;

  @Option(
      names = "--device",
      defaultValue = "auto",
      description = "auto, cpu or cuda[:N] (default: ${DEFAULT-VALUE}).")
  String device = "auto";

  @Option(
      names = "--seed",
      defaultValue = "0",
      description = "Seed of every random choice (default: ${DEFAULT-VALUE}).")
  long seed;

  /** The number of threads, checked. */
  int threads() {
    return ComputeKernels.threads(threads);
  }

  /** Refuses a device that is not there. */
  void check() {
    if (device.equals("auto") || device.equals("cpu")) {
      return;
    }
    if (device.matches("cuda(:\\d{1,3})?")) {
      throw NacelleException.environment(
          "--device " + device + ": this build computes on the CPU alone",
          "leave --device out, or give cpu",
          null);
    }
    throw NacelleException.usage(
        "--device " + device + " is no device", "choose auto, cpu or cuda[:N]");
  }

  /** Opens kernels, and says on standard error once when the C library is not there. */
  KernelSet kernels(int count) {
    KernelSet kernels = ComputeKernels.open(count);
    String reason = kernels.fallbackReason();
    if (reason != null) {
      System.err.println("nacelle: " + reason);
    }
    return kernels;
  }
}
