package dev.nacelle.nativeaccess.torch;

import dev.nacelle.nativeaccess.loader.JavaCppPresets;
import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;

/** JavaCPP's own bindings of LibTorch, with autograd, to compare with. */
final class Oracle {
  static {
    JavaCppPresets.shareLibraries();
    Loader.load(org.bytedeco.pytorch.global.torch.class);
  }

  private Oracle() {}

  /** A leaf that wants its gradient. */
  static Tensor leaf(float[] values, long... shape) {
    return Tensor.create(values, shape).set_requires_grad(true);
  }

  static Tensor constant(float[] values, long... shape) {
    return Tensor.create(values, shape);
  }

  /** Autograd on for a block: our own façade turns it off on each thread that it is used on. */
  static AutoGradMode autograd() {
    // Used once before, so that the façade's first use on this thread does not come inside.
    TorchBackend.load().threads();
    return new AutoGradMode(true);
  }

  static float[] floats(Tensor tensor) {
    Tensor dense = tensor.detach().contiguous();
    float[] values = new float[Math.toIntExact(dense.numel())];
    FloatPointer data = dense.data_ptr_float();
    data.get(values);
    return values;
  }

  static float[] random(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
