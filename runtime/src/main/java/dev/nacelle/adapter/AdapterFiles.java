package dev.nacelle.adapter;

import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.SafetensorsWriter;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Adapters between memory and PEFT's folders. */
public final class AdapterFiles {
  private static final long WIDENED_ROWS = 256;

  private AdapterFiles() {}

  /**
   * Loads an adapter for training or use.
   *
   * @param modules the base model's linear layers, the head included
   * @param seed of the dropout masks
   * @throws dev.nacelle.NacelleException of kind INPUT where it is malformed or for another model
   */
  public static Adapter load(
      Engine engine, Path folder, List<Adapter.Module> modules, long seed, FaultInjector faults) {
    Map<String, long[]> linears = new LinkedHashMap<>();
    modules.forEach(m -> linears.put(m.path(), new long[] {m.out(), m.in()}));
    try (PeftAdapter file = PeftAdapter.open(folder, linears, faults)) {
      List<Adapter.Module> adapted =
          file.modules().stream()
              .map(p -> new Adapter.Module(p.modulePath(), p.out(), p.in()))
              .toList();
      return Adapter.of(
          engine, file.config(), adapted, seed, (m, part) -> file.values(m.path(), part.suffix()));
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
    for (LayerAdapter layer : adapter.layers()) {
      layer.parameters().forEach(p -> tensors.addAll(layer.named(p, p.value())));
    }
    PeftAdapter.write(folder, adapter.config(), adapter.modulePaths(), tensors, faults);
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
    SafetensorsWriter.write(file, gradients, SafetensorsWriter.PYTORCH_METADATA, faults);
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
        Operand blocks = matrix.blocks().rows(from, from + n);
        dequantize.forward(
            Operand.view(rows, 0, DType.FP32, new long[] {n, columns}, new long[] {columns, 1}),
            BlockMatrix.of(blocks, matrix.format()));
        NamedTensor.bytes(rows.slice(0, n * columns * 4)).writeTo(sink);
      }
    }
  }
}
