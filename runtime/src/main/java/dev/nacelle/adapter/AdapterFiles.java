package dev.nacelle.adapter;

import dev.nacelle.NacelleException;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.file.VeraKind;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Dequantize;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.quant.ReferenceDequantize;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.BlockTensor;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Adapters between memory and PEFT's folders. */
public final class AdapterFiles {
  private static final long WIDENED_ROWS = 256;

  private AdapterFiles() {}

  /**
   * Loads an adapter that took a part of the weights, from the file of twice the rank that {@link
   * #save} wrote of it.
   *
   * @param as the kind that one of the file's kind is to be
   */
  public static Adapter loadHalves(
      Engine engine,
      Path folder,
      UnaryOperator<AdapterKind> as,
      List<Adapter.Module> modules,
      long seed,
      FaultInjector faults) {
    try (PeftAdapter file = PeftAdapter.open(folder, linears(modules), faults)) {
      AdapterConfig config = file.config().withKind(as.apply(file.config().kind())).halved();
      Adapter adapter =
          Adapter.of(
              engine,
              config,
              adapted(file),
              seed,
              (m, part) -> half(file, config.rank(m.path()), m.path(), part, 0),
              (m, part) -> half(file, config.rank(m.path()), m.path(), part, 1));
      return adapter.with(() -> WholeModule.read(engine, file));
    }
  }

  /** A of the first rows or the second; B of the first columns, or the second's negative. */
  private static float[] half(PeftAdapter file, int rank, String path, Part part, int which) {
    float[] both = file.values(path, part.suffix());
    int size = both.length / 2;
    if (part.suffix().equals(LoraKind.A)) {
      return Arrays.copyOfRange(both, which * size, (which + 1) * size);
    }
    float[] half = new float[size];
    for (int i = 0; i < size; i++) {
      float value = both[i / rank * 2 * rank + i % rank + which * rank];
      half[i] = which == 0 ? value : -value;
    }
    return half;
  }

  private static Map<String, long[]> linears(List<Adapter.Module> modules) {
    Map<String, long[]> linears = new LinkedHashMap<>();
    modules.forEach(m -> linears.put(m.path(), new long[] {m.out(), m.in()}));
    return linears;
  }

  private static List<Adapter.Module> adapted(PeftAdapter file) {
    return file.modules().stream()
        .map(p -> new Adapter.Module(p.modulePath(), p.out(), p.in()))
        .toList();
  }

  /** Loads an adapter as its file has it. */
  public static Adapter load(
      Engine engine, Path folder, List<Adapter.Module> modules, long seed, FaultInjector faults) {
    return load(engine, folder, kind -> kind, modules, seed, faults);
  }

  /**
   * Loads an adapter for training or use.
   *
   * @param as the kind that one of the file's kind is to be
   * @param modules the base model's linear layers, the head included
   * @param seed of the dropout masks
   * @throws dev.nacelle.NacelleException of kind INPUT where it is malformed or for another model
   */
  public static Adapter load(
      Engine engine,
      Path folder,
      UnaryOperator<AdapterKind> as,
      List<Adapter.Module> modules,
      long seed,
      FaultInjector faults) {
    try (PeftAdapter file = PeftAdapter.open(folder, linears(modules), faults)) {
      refuseHead(folder, file);
      Adapter adapter =
          Adapter.of(
              engine,
              file.config().withKind(as.apply(file.config().kind())),
              adapted(file),
              seed,
              (m, part) -> values(file, m, part));
      return adapter.with(() -> WholeModule.read(engine, file));
    }
  }

  private static float[] values(PeftAdapter file, Adapter.Module module, Part part) {
    return switch (part.suffix()) {
      case VeraKind.A -> file.projection().a();
      case VeraKind.B -> file.projection().b();
      default -> file.values(module.path(), part.suffix());
    };
  }

  private static void refuseHead(Path folder, PeftAdapter file) {
    AdapterKind kind = file.config().kind();
    boolean head = file.modules().stream().anyMatch(m -> m.modulePath().equals("lm_head"));
    if (head && !kind.reachesHead()) {
      throw NacelleException.input(
          "the adapter "
              + Quoted.path(folder)
              + " puts "
              + kind.word()
              + " on lm_head, which is one with the loss and carries low-rank pairs alone",
          "merge it, and use the merged model");
    }
  }

  /**
   * Writes adapter_model.safetensors and adapter_config.json, each whole or not at all.
   *
   * @param frozen weights that PEFT saves beside the parameters, module path → weight: a targeted
   *     head's
   */
  public static void save(
      Path folder, Adapter adapter, Map<String, Weight> frozen, FaultInjector faults) {
    List<NamedTensor> tensors = new ArrayList<>();
    frozen.forEach(
        (path, weight) ->
            tensors.add(named(PeftAdapter.PREFIX + path + ".base_layer.weight", weight)));
    if (adapter.basis() != null) {
      tensors.addAll(adapter.basis().saved());
    }
    for (LayerAdapter layer : adapter.layers()) {
      tensors.addAll(layer.saved());
    }
    for (WholeModule whole : adapter.whole()) {
      tensors.add(named(whole.weight(), whole.weight().value()));
    }
    PeftAdapter.write(folder, adapter.savedConfig(), adapter.modulePaths(), tensors, faults);
  }

  /** Writes the gradients of all parameters under the adapter's tensor names. */
  public static void saveGradients(Path file, Adapter adapter, FaultInjector faults) {
    List<NamedTensor> gradients = new ArrayList<>();
    for (LayerAdapter layer : adapter.layers()) {
      for (Parameter p : layer.parameters()) {
        Tensor gradient = p.gradient();
        if (gradient != null) {
          gradients.addAll(layer.named(p, gradient));
        }
      }
    }
    for (WholeModule whole : adapter.whole()) {
      Tensor gradient = whole.weight().gradient();
      if (gradient != null) {
        gradients.add(named(whole.weight(), gradient));
      }
    }
    SafetensorsWriter.write(file, gradients, SafetensorsWriter.PYTORCH_METADATA, faults);
  }

  private static NamedTensor named(Parameter parameter, Tensor tensor) {
    return NamedTensor.of(parameter.name(), tensor.dtype(), tensor.shape(), tensor.memory());
  }

  private static NamedTensor named(String name, Weight weight) {
    return switch (weight) {
      case Tensor plain ->
          NamedTensor.of(
              name,
              plain.dtype(),
              plain.shape(),
              plain.storage().buffer().slice(0, plain.byteSize()));
      case BlockTensor blocks ->
          new NamedTensor(
              name,
              DType.FP32,
              new long[] {blocks.size(0), blocks.size(1)},
              sink -> widen(blocks.matrix(), sink));
    };
  }

  /** PEFT's files know no blocks: the elements go out as fp32, some rows at a time. */
  private static void widen(BlockMatrix matrix, NamedTensor.Sink sink) throws IOException {
    Dequantize dequantize = new ReferenceDequantize();
    long columns = matrix.size(1);
    try (NativeBuffer rows = NativeBuffer.allocate(WIDENED_ROWS * columns * 4)) {
      for (long from = 0; from < matrix.size(0); from += WIDENED_ROWS) {
        long n = Math.min(WIDENED_ROWS, matrix.size(0) - from);
        dequantize.forward(
            Operand.view(rows, 0, DType.FP32, new long[] {n, columns}, new long[] {columns, 1}),
            matrix.rows(from, from + n));
        NamedTensor.bytes(rows.slice(0, n * columns * 4)).writeTo(sink);
      }
    }
  }
}
