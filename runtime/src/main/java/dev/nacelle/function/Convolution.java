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
  /** Elements of scratch to unfold into. */
  private static final long STRETCH = 1L << 18;

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
        || w.size(1) != x.size(2) * kernel * kernel) {
      throw new IllegalArgumentException(
          "%s and %s do not go together for %d × %d images and kernels of %d"
              .formatted(x, weight.value(), height, width, kernel));
    }
    Tensor y = context.output(x.dtype(), x.size(0), x.size(1), w.size(0));
    Unfolded seen = new Unfolded(context, x);
    for (int row = 0; row < height; row += seen.stretch) {
      context
          .kernels()
          .products()
          .multiply(seen.rowsOf(y, row), seen.at(row), false, w, true, 1f, 0f);
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
      for (int row = 0; row < height; row += seen.stretch) {
        float beta = row == 0 ? slot.beta() : 1f;
        Operand g = seen.rowsOf(gradOutput, row);
        products.multiply(slot.gradient().operand(), g, true, seen.at(row), false, 1f, beta);
      }
    }
    if (gradients.wants(0)) {
      Gradients.Slot slot = gradients.slot(0);
      Tensor turned = turned(context, x.size(2));
      Unfolded seen = new Unfolded(context, gradOutput);
      for (int row = 0; row < height; row += seen.stretch) {
        Operand to = seen.rowsOf(slot.gradient(), row);
        products.multiply(to, seen.at(row), false, turned.operand(), true, 1f, slot.beta());
      }
    }
  }

  /** The kernel turned by half a circle, inputs and outputs exchanged: (C, k·k·M). */
  private Tensor turned(Context context, long channels) {
    Tensor w = weight.value();
    long outputs = w.size(0);
    Tensor turned = context.scratch(w.dtype(), channels, outputs * kernel * kernel);
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

  /** What the kernel sees of images, a stretch of rows of pixels at a time. */
  private final class Unfolded {
    private final Elementwise elementwise;
    private final Tensor images;
    private final long batch;
    private final long channels;

    /** Elements that belong to one pixel. */
    private final long seen;

    private final int stretch;
    private final Tensor columns;

    Unfolded(Context context, Tensor images) {
      this.elementwise = context.kernels().elementwise();
      this.images = images;
      this.batch = images.size(1);
      this.channels = images.size(2);
      this.seen = (long) kernel * kernel * channels;
      this.stretch = Math.clamp(STRETCH / (width * batch * seen), 1, height);
      this.columns = context.scratch(images.dtype(), batch * stretch * width, seen);
    }

    private int rows(int first) {
      return Math.min(stretch, height - first);
    }

    /** The stretch that begins with row {@code first} of other images of this size, as a matrix. */
    Operand rowsOf(Tensor others, int first) {
      long pixels = width * batch;
      return others
          .operand(height * pixels, others.size(2))
          .rows(first * pixels, (first + rows(first)) * pixels);
    }

    /** (rows·W·B, k·k·C), good until the next call. */
    Operand at(int first) {
      columns.storage().buffer().slice(0, columns.byteSize()).zero();
      int reach = kernel / 2;
      for (int i = -reach; i <= reach; i++) {
        for (int j = -reach; j <= reach; j++) {
          copy(first, i, j);
        }
      }
      return columns.operand().rows(0, batch * rows(first) * width);
    }

    /** Pixels i rows below and j to the right of those of a stretch, to their place beside them. */
    private void copy(int first, int i, int j) {
      int top = Math.max(0, -(first + i));
      int bottom = Math.min(rows(first), height - first - i);
      int left = Math.max(0, -j);
      int right = Math.min(width, width - j);
      if (top >= bottom || left >= right) {
        return;
      }
      long place = (long) (i + kernel / 2) * kernel + j + kernel / 2;
      long[] shape = {bottom - top, right - left, batch, channels};
      long pixel = batch * seen;
      long from = ((long) (first + i + top) * width + left + j) * batch * channels;
      elementwise.convert(
          view(
              columns,
              ((long) top * width + left) * pixel + place * channels,
              shape,
              width * pixel,
              pixel,
              seen,
              1),
          view(images, from, shape, width * batch * channels, batch * channels, channels, 1));
    }
  }
}
