package dev.nacelle.kernels.crossentropy;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.CrossEntropy.LowRank;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.nativeaccess.DType;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What every implementation of the fused head asks of its arguments. */
final class CrossEntropyArguments {
  private CrossEntropyArguments() {}

  static void check(
      Operand losses,
      @Nullable Operand gradHidden,
      @Nullable Operand gradWeight,
      @Nullable Operand gradLosses,
      Operand hidden,
      Matrix weight,
      Operand targets,
      float gradScale,
      float softcap,
      @Nullable LowRank lowRank) {
    Checks.compute("hidden", hidden);
    Checks.rank("hidden", hidden, 2, "(N, C)");
    checkWeight(weight, hidden.size(1), gradWeight);
    Checks.integers("targets", targets);
    Checks.shape("targets", targets, hidden.size(0));
    written("losses", losses, hidden.size(0));
    if (gradHidden != null) {
      Checks.sameShape("gradHidden", gradHidden, "hidden", hidden);
      Checks.sameDtype("gradHidden", gradHidden, "hidden", hidden);
    }
    if (gradWeight != null) {
      written("gradWeight", gradWeight, weight.size(0), weight.size(1));
    }
    if (gradLosses != null) {
      Checks.dtype("gradLosses", gradLosses, DType.FP32);
      Checks.shape("gradLosses", gradLosses, hidden.size(0));
    }
    if (Float.isNaN(gradScale)) {
      throw new IllegalArgumentException("gradScale: expected a number, given NaN");
    }
    Checks.atLeast("softcap", softcap, 0);
    if (lowRank != null) {
      checkPair(lowRank, hidden.size(1), weight.size(0));
    }
  }

  private static void checkWeight(Matrix weight, long channels, @Nullable Operand gradWeight) {
    switch (weight) {
      case Operand plain -> {
        Checks.compute("weight", plain);
        Checks.rank("weight", plain, 2, "(V, C)");
        Checks.shape("weight", plain, plain.size(0), channels);
      }
      case BlockMatrix blocks -> {
        if (blocks.size(1) != channels) {
          throw new IllegalArgumentException(
              "weight must have " + channels + " columns, given " + blocks);
        }
        if (gradWeight != null) {
          throw new IllegalArgumentException("gradWeight: a quantised weight has no gradient");
        }
      }
    }
  }

  private static void checkPair(LowRank pair, long channels, long vocabulary) {
    Checks.compute("a", pair.a());
    Checks.rank("a", pair.a(), 2, "(R, C)");
    Checks.shape("a", pair.a(), pair.a().size(0), channels);
    Checks.compute("b", pair.b());
    Checks.shape("b", pair.b(), vocabulary, pair.a().size(0));
    Checks.atLeast("scale", pair.scale(), -Float.MAX_VALUE);
    if (pair.gradA() != null) {
      written("gradA", pair.gradA(), pair.a().shape());
    }
    if (pair.gradB() != null) {
      written("gradB", pair.gradB(), pair.b().shape());
    }
  }

  private static void written(String name, Operand x, long... shape) {
    Checks.dtype(name, x, DType.FP32);
    Checks.shape(name, x, shape);
    Checks.contiguous(name, x);
  }

  /**
   * Finds the rows to be multiplied.
   *
   * @throws IllegalArgumentException for a target that is neither −100 nor in the vocabulary
   */
  static ActiveRows active(Operand targets, long vocabulary) {
    int n = Math.toIntExact(targets.size(0));
    int[] rows = new int[n];
    int[] kept = new int[n];
    int count = 0;
    for (int i = 0; i < n; i++) {
      long target = Elements.getInteger(targets, i * targets.stride(0));
      if (target == CrossEntropy.IGNORED) {
        continue;
      }
      if (target < 0 || target >= vocabulary) {
        throw new IllegalArgumentException(
            "targets["
                + i
                + "]: expected 0 to "
                + (vocabulary - 1)
                + " or "
                + CrossEntropy.IGNORED
                + ", given "
                + target);
      }
      rows[count] = i;
      kept[count++] = Math.toIntExact(target);
    }
    return new ActiveRows(Arrays.copyOf(rows, count), Arrays.copyOf(kept, count));
  }
}
