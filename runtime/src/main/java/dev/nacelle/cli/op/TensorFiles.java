package dev.nacelle.cli.op;

import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Operands out of safetensors files and back. */
final class TensorFiles {
  private TensorFiles() {}

  /**
   * Every tensor of a file where it lies in the mapping; none outlives the file.
   *
   * @throws NacelleException of kind INPUT for an element type that we do not have
   */
  static Map<String, Operand> read(SafetensorsFile file) {
    Map<String, Operand> tensors = new LinkedHashMap<>();
    for (TensorEntry entry : file.entries().values()) {
      DType dtype = entry.dtype();
      if (dtype == null) {
        throw NacelleException.input(
            file.path()
                + ": tensor '"
                + entry.name()
                + "' is "
                + entry.describe()
                + ", a type that no operator takes",
            "store it as F32, BF16 or F16, or I32 or I64 where it holds whole numbers");
      }
      tensors.put(entry.name(), Operand.of(file.data(entry.name()), dtype, entry.shape()));
    }
    return tensors;
  }

  /** Writes contiguous operands, whole or not at all. */
  static void write(Path target, Map<String, Operand> tensors, FaultInjector faults) {
    List<NamedTensor> named = new ArrayList<>();
    tensors.forEach(
        (name, x) -> {
          NativeBuffer bytes = x.buffer().slice(x.byteOffset(), x.byteSize());
          named.add(NamedTensor.of(name, x.dtype(), x.shape(), bytes));
        });
    SafetensorsWriter.write(target, named, Map.of(), faults);
  }
}
