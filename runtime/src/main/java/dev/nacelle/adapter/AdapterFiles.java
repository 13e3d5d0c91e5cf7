package dev.nacelle.adapter;

import dev.nacelle.file.AdapterTensor;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Adapters between memory and PEFT's folders. */
public final class AdapterFiles {
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
          file.pairs().stream()
              .map(p -> new Adapter.Module(p.modulePath(), p.out(), p.in()))
              .toList();
      return Adapter.of(
          engine,
          file.config(),
          adapted,
          seed,
          m -> new Adapter.Values(file.a(m.path()), file.b(m.path())));
    }
  }

  /**
   * Writes adapter_model.safetensors and adapter_config.json, each whole or not at all.
   *
   * @param frozen weights that PEFT saves beside the pairs, module path → weight: a targeted head's
   */
  public static void save(
      Path folder, Adapter adapter, Map<String, Tensor> frozen, FaultInjector faults) {
    List<AdapterTensor> tensors = new ArrayList<>();
    for (LowRankPair pair : adapter.pairs()) {
      Tensor a = pair.a().value();
      Tensor b = pair.b().value();
      tensors.add(
          new AdapterTensor(
              pair.modulePath(),
              b.size(0),
              a.size(1),
              named(pair.a(), a).payload(),
              named(pair.b(), b).payload()));
    }
    List<NamedTensor> beside = new ArrayList<>();
    frozen.forEach(
        (path, weight) ->
            beside.add(
                NamedTensor.of(
                    PeftAdapter.PREFIX + path + ".base_layer.weight",
                    weight.dtype(),
                    weight.shape(),
                    weight.storage().buffer().slice(0, weight.byteSize()))));
    PeftAdapter.write(folder, adapter.config(), tensors, beside, faults);
  }

  /** Writes the gradients of all parameters under the adapter's tensor names. */
  public static void saveGradients(Path file, Adapter adapter, FaultInjector faults) {
    List<NamedTensor> gradients = new ArrayList<>();
    for (Parameter p : adapter.parameters()) {
      Tensor gradient = p.gradient();
      if (gradient != null) {
        gradients.add(named(p, gradient));
      }
    }
    SafetensorsWriter.write(file, gradients, SafetensorsWriter.PYTORCH_METADATA, faults);
  }

  private static NamedTensor named(Parameter parameter, Tensor tensor) {
    return NamedTensor.of(
        parameter.name(),
        tensor.dtype(),
        tensor.shape(),
        tensor.storage().buffer().slice(0, tensor.byteSize()));
  }
}
