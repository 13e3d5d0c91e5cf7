package dev.nacelle.planning;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.WeightProducts;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Products of every form, size and direction, with few rows and with many, to be measured. */
final class ProductWorks implements AutoCloseable {
  /** Few rows show what a weight costs however many there are, many what each further one does. */
  static final int FEW_ROWS = 64;

  static final int ROWS = 512;

  /** Matrices that take turns: in a step each is met anew, none lies in a core's cache. */
  private static final int TURNS = 4;

  private static final int LARGEST = MachineSpeed.SIZES.getLast();

  private final NativeBuffer x = ByteRates.filled(4L * TURNS * ROWS * LARGEST);
  private final NativeBuffer y = ByteRates.filled(4L * TURNS * ROWS * LARGEST);
  private final NativeBuffer w = ByteRates.filled(4L * TURNS * LARGEST * LARGEST);
  private final Map<String, Readings> readings = new TreeMap<>();

  private record Readings(double elements, Stopwatch.Reading few, Stopwatch.Reading many) {}

  ProductWorks(KernelSet kernels, Stopwatch stopwatch) {
    for (String form : MachineSpeed.FORMS) {
      for (int size : MachineSpeed.SIZES) {
        if (size % 256 == 0 || !form.endsWith("_k")) {
          for (boolean forward : new boolean[] {true, false}) {
            readings.put(
                MachineSpeed.name(form, forward, size),
                new Readings(
                    (double) size * size,
                    stopwatch.add(work(kernels, form, forward, size, FEW_ROWS)),
                    stopwatch.add(work(kernels, form, forward, size, ROWS))));
          }
        }
      }
    }
  }

  private Runnable work(KernelSet kernels, String form, boolean forward, int n, int rows) {
    Operand[] left = new Operand[TURNS];
    Operand[] out = new Operand[TURNS];
    Matrix[] weight = new Matrix[TURNS];
    for (int t = 0; t < TURNS; t++) {
      left[t] = Operand.of(x.slice(4L * t * ROWS * n, 4L * ROWS * n), DType.FP32, rows, n);
      out[t] = Operand.of(y.slice(4L * t * ROWS * n, 4L * ROWS * n), DType.FP32, rows, n);
      weight[t] = weight(form, w.slice(4L * t * n * n, 4L * n * n), n);
    }
    WeightProducts both = kernels.weightProducts();
    int[] turn = {0};
    return () -> {
      int t = turn[0]++ % TURNS;
      if (forward) {
        both.forward(out[t], left[t], weight[t]);
      } else {
        both.backward(out[t], left[t], weight[t], 0);
      }
    };
  }

  /** By {@link MachineSpeed#name}, once the watch has run. */
  Map<String, MachineSpeed.Product> laws() {
    Map<String, MachineSpeed.Product> laws = new TreeMap<>();
    readings.forEach(
        (name, r) ->
            laws.put(name, MachineSpeed.Product.of(r.elements, r.few.median(), r.many.median())));
    return laws;
  }

  @Override
  public void close() {
    x.close();
    y.close();
    w.close();
  }

  private static Matrix weight(String form, NativeBuffer w, int n) {
    if (form.equals("fp32") || form.equals("bf16")) {
      return Operand.of(w, form.equals("fp32") ? DType.FP32 : DType.BF16, n, n);
    }
    BlockFormat format = BlockFormat.valueOf(form.toUpperCase(Locale.ROOT));
    return BlockMatrix.of(Operand.of(w, DType.U8, n, format.rowBytes(n)), format);
  }
}
