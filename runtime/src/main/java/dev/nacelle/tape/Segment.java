package dev.nacelle.tape;

import dev.nacelle.tensor.Tensor;
import java.util.function.UnaryOperator;

/**
 * A stretch of forward of which only the input is kept: the tape runs it again, recording, when
 * backward comes by, and walks back through what was recorded then.
 */
record Segment(UnaryOperator<Tensor> stretch) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    throw new IllegalStateException("the tape runs segments itself");
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    throw new IllegalStateException("the tape runs segments itself");
  }
}
