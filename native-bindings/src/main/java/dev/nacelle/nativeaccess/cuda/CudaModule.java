package dev.nacelle.nativeaccess.cuda;

import dev.nacelle.nativeaccess.ffm.RawMemory;

/** Kernels that are loaded on a device. */
public final class CudaModule extends Owned {
  private static final int LOG_BYTES = 8192;
  private static final int INFO_LOG = 3;
  private static final int INFO_LOG_SIZE = 4;
  private static final int ERROR_LOG = 5;
  private static final int ERROR_LOG_SIZE = 6;

  private final String what;

  private CudaModule(CudaContext context, long handle, String what) {
    super(context, handle, "CUDA module");
    this.what = what;
  }

  static CudaModule load(CudaContext context, byte[] image, String what) {
    DriverCalls calls = context.calls();
    context.makeCurrent();
    try (Out out = new Out(8)) {
      // PTX is a C string: a zero behind does a CUBIN no harm.
      long copy = out.bytes(java.util.Arrays.copyOf(image, image.length + 1));
      long errors = out.room(LOG_BYTES);
      long information = out.room(LOG_BYTES);
      int[] options = {INFO_LOG, INFO_LOG_SIZE, ERROR_LOG, ERROR_LOG_SIZE};
      long[] values = {information, LOG_BYTES, errors, LOG_BYTES};
      long keys = out.room(4L * options.length);
      long pointers = out.room(8L * options.length);
      for (int i = 0; i < options.length; i++) {
        RawMemory.putInt(keys + 4L * i, options[i]);
        RawMemory.putLong(pointers + 8L * i, values[i]);
      }
      calls.check(
          (int)
              calls.moduleLoadDataEx.invokeExact(
                  out.address(), copy, options.length, keys, pointers),
          "cuModuleLoadDataEx",
          () -> {
            String log = RawMemory.utf8(errors).strip();
            return what + ", " + image.length + " bytes" + (log.isEmpty() ? "" : "; " + log);
          });
      return new CudaModule(context, out.getLong(0), what);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /**
   * A kernel of this module, valid as long as the module is open.
   *
   * @throws CudaException of name CUDA_ERROR_NOT_FOUND for one that it has not
   */
  public CudaFunction function(String name) {
    long module = handle();
    try (Out out = new Out(8)) {
      calls()
          .check(
              (int) calls().moduleGetFunction.invokeExact(out.address(), module, out.text(name)),
              "cuModuleGetFunction",
              () -> name + " of " + what);
      return new CudaFunction(this, out.getLong(0), name);
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  @Override
  void destroy(long owned) throws Throwable {
    calls().check((int) calls().moduleUnload.invokeExact(owned), "cuModuleUnload");
  }
}
