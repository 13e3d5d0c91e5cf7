package dev.nacelle.function;

import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;
import java.util.List;

/**
 * x as it is, between two stretches whose frozen weights lie in a mapped file: the pages of the
 * stretch just done go, those of the one after the next are read ahead; the same in backward, the
 * other way round. Nothing is kept, nothing computed, and no number changes.
 *
 * @param behind weights of the stretch before x
 * @param ahead weights of the stretch after x
 * @param afterNext weights of the stretch that follows {@code ahead}
 * @param beforeLast weights of the stretch that {@code behind} follows
 */
public record PageTurn(
    List<Weight> behind, List<Weight> ahead, List<Weight> afterNext, List<Weight> beforeLast)
    implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    turn(behind, afterNext);
    return inputs[0].alias();
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    turn(ahead, beforeLast);
    if (gradients.wants(0)) {
      gradients.give(0, gradOutput);
    }
  }

  /** Lets some pages go, and has others read ahead. */
  public static void turn(List<Weight> done, List<Weight> soon) {
    for (Weight weight : done) {
      NativeMemory.letGo(weight.memory());
    }
    for (Weight weight : soon) {
      NativeMemory.willNeed(weight.memory());
    }
  }
}
