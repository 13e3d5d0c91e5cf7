package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.I32;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.loader.NativeLibraries;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * LibTorch, opened: the way to its operators, group by group. Opening takes half a second and about
 * 110 MB once a process; everything here is synchronous and runs on the processor.
 */
public final class TorchBackend {
  private final TorchCreation creation = new TorchCreation();
  private final TorchArithmetic arithmetic = new TorchArithmetic();
  private final TorchLinearAlgebra linearAlgebra = new TorchLinearAlgebra();
  private final TorchAttention attention = new TorchAttention();
  private final TorchNormalisation normalisation = new TorchNormalisation();
  private final TorchActivation activation = new TorchActivation();
  private final TorchLoss loss = new TorchLoss();
  private final TorchOptimiser optimiser = new TorchOptimiser();

  private static final class Holder {
    static final TorchBackend SHARED = new TorchBackend();
  }

  private static final class Bound {
    static final MethodHandle SET_GRAD_MODE =
        TorchLibrary.bind("aoti_torch_grad_mode_set_enabled", Linking.nothing(I32));
    static final MethodHandle GET_NUM_THREADS =
        TorchLibrary.bind("torch_get_num_threads", Linking.int32(PTR));
  }

  private TorchBackend() {}

  /**
   * Opens LibTorch at its first call.
   *
   * @throws dev.nacelle.nativeaccess.NativeException if none is found or it is too old; the message
   *     lists what was tried and what helps
   */
  public static TorchBackend load() {
    NativeLibraries.shared().libTorch();
    return Holder.SHARED;
  }

  /** Tensors new and viewed, copies. */
  public TorchCreation creation() {
    return creation;
  }

  /** Sums and products, element by element. */
  public TorchArithmetic arithmetic() {
    return arithmetic;
  }

  /** Matrix products. */
  public TorchLinearAlgebra linearAlgebra() {
    return linearAlgebra;
  }

  /** Attention that never holds the whole matrix of scores. */
  public TorchAttention attention() {
    return attention;
  }

  public TorchNormalisation normalisation() {
    return normalisation;
  }

  public TorchActivation activation() {
    return activation;
  }

  public TorchLoss loss() {
    return loss;
  }

  public TorchOptimiser optimiser() {
    return optimiser;
  }

  /** The release whose interface this is: {@code 2.13.0}. */
  public String version() {
    long v = TorchLibrary.abiVersion();
    return String.format(
        Locale.ROOT, "%d.%d.%d", v >>> 56 & 0xff, v >>> 48 & 0xff, v >>> 40 & 0xff);
  }

  /** The file that was opened. */
  public String path() {
    return TorchLibrary.path();
  }

  /** How many threads LibTorch's own loops use on the calling thread. */
  public int threads() {
    CallFrame frame = CallFrame.current();
    int rc;
    try {
      rc = (int) Bound.GET_NUM_THREADS.invokeExact(frame.result(0));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("torch_get_num_threads");
    }
    return frame.int32(0);
  }

  /** Autograd's switch is the thread's; each thread's first call turns it off. */
  static void disableGrad() {
    try {
      Bound.SET_GRAD_MODE.invokeExact(0);
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
  }
}
