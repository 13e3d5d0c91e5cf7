package dev.nacelle.planning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;

/**
 * Products of which one side is as long as an adapter's rank: with a low rank they wait for their
 * operands' bytes, with a higher one more and more for what they multiply, and never multiply as
 * fast as square ones.
 *
 * @param byteSeconds seconds a byte of operands
 * @param flopSeconds seconds a floating-point operation
 */
public record LowRankSpeed(double byteSeconds, double flopSeconds) {
  private static final int ROWS = 2048;
  private static final int COLUMNS = 1024;
  private static final int LOW = 8;
  private static final int HIGH = 64;

  double seconds(double bytes, double flops) {
    return byteSeconds * bytes + flopSeconds * flops;
  }

  /** The law through two measurements, each {bytes, flops, seconds}. */
  static LowRankSpeed of(double[] low, double[] high) {
    double flops = (high[2] * low[0] - low[2] * high[0]) / (high[1] * low[0] - low[1] * high[0]);
    double each = Math.clamp(flops, 0, Math.min(low[2] / low[1], high[2] / high[1]));
    return new LowRankSpeed((low[2] - each * low[1]) / low[0], each);
  }

  /** An adapter's four products, of a low rank and of a high one, to be measured. */
  static final class Work implements AutoCloseable {
    private final NativeBuffer x = ByteRates.filled(4L * ROWS * COLUMNS);
    private final NativeBuffer y = ByteRates.filled(4L * ROWS * COLUMNS);
    private final NativeBuffer small = ByteRates.filled(4L * HIGH * (ROWS + 4 * COLUMNS));
    private final Stopwatch.Reading low;
    private final Stopwatch.Reading high;

    Work(KernelSet kernels, Stopwatch stopwatch) {
      low = stopwatch.add(work(kernels, LOW));
      high = stopwatch.add(work(kernels, HIGH));
    }

    /** Down and up again, and the gradients of both. */
    private Runnable work(KernelSet kernels, int rank) {
      Operand in = Operand.of(x, DType.FP32, ROWS, COLUMNS);
      Operand out = Operand.of(y, DType.FP32, ROWS, COLUMNS);
      Operand hidden = narrow(0, ROWS, rank);
      Operand down = narrow(ROWS, rank, COLUMNS);
      Operand up = narrow(ROWS + COLUMNS, COLUMNS, rank);
      Operand gradDown = narrow(ROWS + 2 * COLUMNS, rank, COLUMNS);
      Operand gradUp = narrow(ROWS + 3 * COLUMNS, COLUMNS, rank);
      var products = kernels.products();
      return () -> {
        products.multiply(hidden, in, false, down, true, 1, 0);
        products.multiply(out, hidden, false, up, true, 1, 1);
        products.multiply(gradDown, hidden, true, in, false, 1, 0);
        products.multiply(gradUp, in, true, hidden, false, 1, 0);
      };
    }

    /** Rows by columns of {@code small}; {@code at} counts what is as long as the highest rank. */
    private Operand narrow(long at, long rows, long columns) {
      return Operand.of(small.slice(4 * HIGH * at, 4 * rows * columns), DType.FP32, rows, columns);
    }

    LowRankSpeed speed() {
      return of(measured(LOW, low), measured(HIGH, high));
    }

    /** The sum that is read counts twice, as WorkTally counts it. */
    private static double[] measured(double rank, Stopwatch.Reading reading) {
      double wide = 5.0 * ROWS * COLUMNS;
      double narrow = 4 * rank * (ROWS + COLUMNS);
      return new double[] {4 * (wide + narrow), 8.0 * ROWS * COLUMNS * rank, reading.median()};
    }

    @Override
    public void close() {
      x.close();
      y.close();
      small.close();
    }
  }

  ObjectNode json() {
    return JsonNodeFactory.instance.objectNode().put("byte", byteSeconds).put("flop", flopSeconds);
  }

  static LowRankSpeed of(JsonNode json) {
    return new LowRankSpeed(json.path("byte").asDouble(), json.path("flop").asDouble());
  }
}
