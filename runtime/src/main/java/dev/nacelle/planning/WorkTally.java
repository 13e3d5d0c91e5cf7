package dev.nacelle.planning;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.ClipGradNorm;
import dev.nacelle.kernels.Dequantize;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.QuantizedLinear;
import dev.nacelle.kernels.SumOfSquares;
import java.lang.reflect.Method;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a walk's kernels would have worked on: the bytes of everything between products, and the
 * adapters' thin products. Products with whole matrices, attention, the head and the optimiser have
 * closed forms of their own and are not counted.
 */
final class WorkTally {
  private static final Set<Class<?>> HAVE_FORMS =
      Set.of(
          QuantizedLinear.class,
          Dequantize.class,
          AdamW.class,
          ClipGradNorm.class,
          SumOfSquares.class);

  private final long rank;
  private double forwardBytes;
  private double backwardBytes;
  private double thinBytes;
  private double thinFlops;

  /**
   * Sums, for each token of what was walked.
   *
   * @param forwardBytes of operands in forward, between products
   * @param backwardBytes of those in backward and of sums of gradients
   * @param thinBytes of operands of the adapters' products
   * @param thinFlops of these products
   */
  record PerToken(double forwardBytes, double backwardBytes, double thinBytes, double thinFlops) {}

  /**
   * @param rank products with no side longer than that are an adapter's
   */
  WorkTally(long rank) {
    this.rank = rank;
  }

  /** What was counted since the last time. */
  PerToken take(long tokens) {
    double n = Math.max(1, tokens);
    PerToken taken =
        new PerToken(forwardBytes / n, backwardBytes / n, thinBytes / n, thinFlops / n);
    forwardBytes = 0;
    backwardBytes = 0;
    thinBytes = 0;
    thinFlops = 0;
    return taken;
  }

  void add(Method method, Object @Nullable [] arguments) {
    if (arguments == null) {
      return;
    }
    Class<?> face = method.getDeclaringClass();
    if (face == Products.class) {
      product(arguments);
    } else if (!HAVE_FORMS.contains(face)) {
      between(method.getName(), arguments);
    }
  }

  private void product(Object[] arguments) {
    if (arguments[0] instanceof Operand c
        && arguments[1] instanceof Operand a
        && arguments[2] instanceof Boolean transposed
        && arguments[3] instanceof Operand b
        && arguments[6] instanceof Float beta) {
      long inner = a.size(transposed ? 0 : 1);
      if (Math.min(inner, Math.min(c.size(0), c.size(1))) <= rank) {
        thinFlops += 2.0 * c.elements() * inner;
        thinBytes += a.byteSize() + b.byteSize() + c.byteSize() * (beta == 0 ? 1.0 : 2.0);
      }
    }
  }

  private void between(String name, Object[] arguments) {
    double bytes = 0;
    for (Object argument : arguments) {
      // Of a table only rows are read, as many as are written.
      if (argument instanceof Operand operand && !name.equals("gatherRows")) {
        bytes += operand.byteSize();
      } else if (argument instanceof BlockMatrix matrix && !name.equals("gatherRows")) {
        bytes += matrix.blocks().byteSize();
      }
    }
    boolean sums = name.equals("add") && arguments.length > 0 && arguments[0] instanceof Operand;
    bytes += sums ? ((Operand) arguments[0]).byteSize() : 0;
    if (name.equals("backward")) {
      backwardBytes += bytes;
    } else {
      forwardBytes += bytes;
    }
  }
}
