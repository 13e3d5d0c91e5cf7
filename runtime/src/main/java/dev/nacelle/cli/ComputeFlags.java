package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.devices.Processor;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.backend.Kernels;
import java.nio.file.Path;
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
    if (threads < 0 || threads > 1024) {
      throw NacelleException.usage(
          "--threads " + threads + " is not possible", "choose a number from 1 to 1024");
    }
    return threads > 0 ? threads : Processor.read(Path.of("/")).usableCores();
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
    KernelSet kernels;
    try {
      kernels = Kernels.open(count, null);
    } catch (IllegalArgumentException e) {
      throw new NacelleException(
          NacelleException.Kind.USAGE,
          String.valueOf(e.getMessage()),
          "unset NACELLE_ISA, or choose a level that this processor runs",
          e);
    }
    String reason = kernels.fallbackReason();
    if (reason != null) {
      System.err.println("nacelle: " + reason);
    }
    return kernels;
  }
}
