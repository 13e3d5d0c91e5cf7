package dev.nacelle.train.export;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.memory.Budget;
import java.io.File;
import java.nio.file.Path;

/**
 * What a merge holds at most. Tensors are streamed, so that it is the process, the buffers of the
 * stream, the adapters' mapped files and the headers of the model; the Java heap counts as full.
 */
public final class MergeNeeds {
  /** Compiled code, and the compilers at work: measured, with both compilers, up to 20 MiB. */
  private static final long COMPILING = 28L << 20;

  /** What of a mapped tensor is resident while a block of its rows is read, in any type. */
  private static final long READ_AT_ONCE = 8L << 20;

  private MergeNeeds() {}

  /**
   * Refuses a merge that could pass a budget.
   *
   * @param resident what this process holds now
   * @throws NacelleException of kind BUDGET with the least that would do; as the readers say
   */
  public static void check(
      MergeOptions options, Budget.Look budget, long resident, FaultInjector faults) {
    Runtime runtime = Runtime.getRuntime();
    long heap = runtime.maxMemory() - runtime.totalMemory();
    long needed =
        resident + heap + COMPILING + beside(headers(options.model(), faults), adapters(options));
    if (needed > budget.bytes()) {
      throw new NacelleException(
          NacelleException.Kind.BUDGET,
          "this needs at least "
              + needed
              + " bytes ("
              + Budget.size(needed)
              + "), and the budget is "
              + Budget.size(budget.bytes())
              + ": "
              + budget.reason(),
          "give it --budget " + needed,
          null);
    }
  }

  /**
   * What a merge holds beside its process, in bytes.
   *
   * @param headers of the model's files
   * @param adapters their files, mapped
   */
  public static long beside(long headers, long adapters) {
    return TensorStream.BUFFER_BYTES + READ_AT_ONCE + headers + adapters;
  }

  private static long headers(Path model, FaultInjector faults) {
    long bytes = 0;
    for (File file :
        model.toFile().isFile()
            ? new File[] {model.toFile()}
            : java.util.Objects.requireNonNullElse(model.toFile().listFiles(), new File[0])) {
      bytes += file.getName().matches(".*\\.(gguf|safetensors)") ? file.length() : 0;
    }
    try (MergeBase base = MergeBase.open(model, faults)) {
      for (TensorEntry entry : base.source().entries().values()) {
        bytes -= entry.bytes();
      }
    }
    return Math.max(0, bytes);
  }

  private static long adapters(MergeOptions options) {
    long bytes = 0;
    for (AdapterBlend.Choice choice : options.adapters()) {
      bytes += PeftAdapter.weights(choice.folder()).toFile().length();
    }
    return bytes;
  }
}
