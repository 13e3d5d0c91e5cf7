package dev.nacelle.function;

import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;

/**
 * A convolution over images, stride one, zeros around them, so that the output has their size: x
 * (H·W, B, C), pixels in rows, to y (H·W, B, M). Keeps x.
 *
 * <p>What a kernel sees of one row of pixels is unfolded into a matrix (W·B, k·k·C), and
 * multiplied: scratch is a row's, never the image's. Backward unfolds again; the gradient of x is a
 * convolution of the gradient with the kernel turned round.
 *
 * @param weight (M, k·k·C): for each output the kernel's rows, columns, channels
 * @param height H
 * @param width W
 * @param kernel k, odd
 * @param trains whether the weight does
 */
public record Convolution(Parameter weight, int height, int width, int kernel, boolean trains)
    implements Function {
  /**
   * @throws IllegalArgumentException for an even kernel
   */
  public Convolution {
    if (kernel % 2 == 0) {
      throw new IllegalArgumentException("an even kernel has no middle: " + kernel);
    }
  }

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Operand w = weight.value().operand();
    if (x.rank() != 3
        || x.size(0) != (long) height * width
        || w.size(1) != kernel * kernel * x.size(2)) {
      throw new IllegalArgumentException(
          "%s and %s do not go together for %d × %d images and kernels of %d"
              .formatted(x, weight.value(), height, width, kernel));
    }
    Tensor y = context.output(x.dtype(), x.size(0), x.size(1), w.size(0));
    Unfolded seen = new Unfolded(context, x);
    for (int row = 0; row < height; row++) {
      context.kernels().products().multiply(rows(y, row), seen.row(row), false, w, true, 1f, 0f);
    }
    context.save(x);
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    Products products = context.kernels().products();
    Tensor x = context.saved(0);
    if (trains) {
      Gradients.Slot slot = gradients.slot(weight);
      Unfolded seen = new Unfolded(context, x);
      for (int row = 0; row < height; row++) {
        float beta = row == 0 ? slot.beta() : 1f;
        products.multiply(
            slot.gradient().operand(), rows(gradOutput, row), true, seen.row(row), false, 1f, beta);
      }
    }
    if (gradients.wants(0)) {
      Gradients.Slot slot = gradients.slot(0);
      Tensor turned = turned(context, x.size(2));
      Unfolded seen = new Unfolded(context, gradOutput);
      for (int row = 0; row < height; row++) {
        products.multiply(
            rows(slot.gradient(), row),
            seen.row(row),
            false,
            turned.operand(),
            true,
            1f,
            slot.beta());
      }
    }
  }

  /** Row number {@code row} of the images, as a matrix (W·B, channels). */
  private Operand rows(Tensor images, int row) {
    long rows = width * images.size(1);
    return images.operand(height * rows, images.size(2)).rows(row * rows, (row + 1) * rows);
  }

  /** The kernel turned by half a circle, inputs and outputs exchanged: (C, k·k·M). */
  private Tensor turned(Context context, long channels) {
    Tensor w = weight.value();
    long outputs = w.size(0);
    Tensor turned = context.scratch(w.dtype(), channels, kernel * kernel * outputs);
    for (long place = 0; place < (long) kernel * kernel; place++) {
      long opposite = (long) kernel * kernel - 1 - place;
      Operand to =
          view(turned, opposite * outputs, new long[] {channels, outputs}, turned.size(1), 1);
      Operand from = view(w, place * channels, new long[] {channels, outputs}, 1, w.size(1));
      context.kernels().elementwise().convert(to, from);
    }
    return turned;
  }

  private static Operand view(Tensor of, long first, long[] shape, long... strides) {
    return Operand.view(
        of.storage().buffer(), first * of.dtype().bytes(), of.dtype(), shape, strides);
  }

  /** What the kernel sees of images, a row of pixels at a time. */
  private final class Unfolded {
    private final Elementwise elementwise;
    private final Tensor images;
    private final Tensor columns;

    Unfolded(Context context, Tensor images) {
      this.elementwise = context.kernels().elementwise();
      this.images = images;
      this.columns =
          context.scratch(
              images.dtype(), width, images.size(1), (long) kernel * kernel, images.size(2));
    }

    /** (W·B, k·k·C), good until the next call. */
    Operand row(int row) {
      columns.storage().buffer().slice(0, columns.byteSize()).zero();
      int reach = kernel / 2;
      for (int i = -reach; i <= reach; i++) {
        for (int j = -reach; j <= reach; j++) {
          int from = Math.max(0, -j);
          int to = Math.min(width, width - j);
          if (row + i >= 0 && row + i < height && from < to) {
            copy(row + i, i, j, from, to - from);
          }
        }
      }
      return columns.operand(width * images.size(1), kernel * kernel * images.size(2));
    }

    /** Pixels {@code from + j} on of a row, to where the kernel sees them from {@code from} on. */
    private void copy(int row, int i, int j, int from, int count) {
      long batch = images.size(1);
      long channels = images.size(2);
      long seen = (long) kernel * kernel * channels;
      long place = (long) (i + kernel / 2) * kernel + j + kernel / 2;
      long[] shape = {count, batch, channels};
      elementwise.convert(
          view(columns, from * batch * seen + place * channels, shape, batch * seen, seen, 1),
          view(
              images,
              ((long) row * width + from + j) * batch * channels,
              shape,
              batch * channels,
              channels,
              1));
    }
  }
}
