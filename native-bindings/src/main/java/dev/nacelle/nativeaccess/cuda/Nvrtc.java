package dev.nacelle.nativeaccess.cuda;

import static dev.nacelle.nativeaccess.ffm.Linking.I32;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import dev.nacelle.nativeaccess.loader.CudaLibraries;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * NVRTC: CUDA sources to PTX or CUBIN in this process. Versions since 10.2 are met: what an older
 * one lacks (CUBINs before 11.1, the list of architectures before 11.2) is said or known.
 */
public final class Nvrtc {
  /** What 10.2 compiles for, which cannot say so itself. */
  private static final List<Integer> OF_10_2 =
      List.of(30, 32, 35, 37, 50, 52, 53, 60, 61, 62, 70, 72, 75);

  private final DynamicLibrary library;
  private final MethodHandle versionCall;
  private final MethodHandle errorString;
  private final MethodHandle createProgram;
  private final MethodHandle destroyProgram;
  private final MethodHandle compileProgram;
  private final MethodHandle logSize;
  private final MethodHandle log;
  private final MethodHandle ptxSize;
  private final MethodHandle ptx;
  private final MethodHandle cubinSize;
  private final MethodHandle cubin;
  private final MethodHandle archCount;
  private final MethodHandle archs;
  private final int major;
  private final int minor;

  private Nvrtc(DynamicLibrary library) {
    this.library = library;
    versionCall = bind("nvrtcVersion", PTR, PTR);
    errorString = library.bindLazily("nvrtcGetErrorString", Linking.int64(I32));
    createProgram = bind("nvrtcCreateProgram", PTR, PTR, PTR, I32, PTR, PTR);
    destroyProgram = bind("nvrtcDestroyProgram", PTR);
    compileProgram = bind("nvrtcCompileProgram", PTR, I32, PTR);
    logSize = bind("nvrtcGetProgramLogSize", PTR, PTR);
    log = bind("nvrtcGetProgramLog", PTR, PTR);
    ptxSize = bind("nvrtcGetPTXSize", PTR, PTR);
    ptx = bind("nvrtcGetPTX", PTR, PTR);
    cubinSize = bind("nvrtcGetCUBINSize", PTR, PTR);
    cubin = bind("nvrtcGetCUBIN", PTR, PTR);
    archCount = bind("nvrtcGetNumSupportedArchs", PTR);
    archs = bind("nvrtcGetSupportedArchs", PTR);
    try (Out out = new Out(8)) {
      check((int) versionCall.invokeExact(out.address(), out.at(4)), "nvrtcVersion");
      major = out.getInt(0);
      minor = out.getInt(4);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private MethodHandle bind(String symbol, java.lang.foreign.MemoryLayout... arguments) {
    return library.bindLazily(symbol, Linking.int32(arguments));
  }

  /** Over an opened library. */
  public static Nvrtc open(DynamicLibrary library) {
    return new Nvrtc(library);
  }

  /**
   * This machine's.
   *
   * @throws NativeException where there is none, with what was tried
   */
  public static Nvrtc open() {
    return open(CudaLibraries.shared().nvrtc());
  }

  /** {@code 13.2}, as the library itself says. */
  public String version() {
    return major + "." + minor;
  }

  /** Where it was found. */
  public String path() {
    return library.path();
  }

  /** Whether it makes CUBINs; else PTX alone, which the driver compiles. */
  public boolean makesCubins() {
    return library.find("nvrtcGetCUBIN") != 0;
  }

  /** The architectures that it compiles for, rising: 75, 80 … */
  public List<Integer> architectures() {
    if (library.find("nvrtcGetSupportedArchs") == 0) {
      return OF_10_2;
    }
    try (Out out = new Out(8)) {
      check((int) archCount.invokeExact(out.address()), "nvrtcGetNumSupportedArchs");
      int count = out.getInt(0);
      long list = out.room(4L * Math.max(1, count));
      check((int) archs.invokeExact(list), "nvrtcGetSupportedArchs");
      List<Integer> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        all.add(RawMemory.getInt(list + 4L * i));
      }
      return all.stream().sorted().toList();
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * What came of a source.
   *
   * @param image a CUBIN, or PTX without the zero behind
   * @param log warnings; empty where there are none
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Compiled(byte[] image, String log) {}

  /**
   * Compiles for a real architecture to a CUBIN, or for a virtual one to PTX.
   *
   * @param architecture 87, say
   * @throws NvrtcException with the compiler's words
   */
  public Compiled compile(KernelSource source, int architecture, boolean real) {
    try (Out out = new Out(8)) {
      long program = create(source, out);
      try {
        List<String> options = new ArrayList<>(source.options());
        options.add("--gpu-architecture=" + (real ? "sm_" : "compute_") + architecture);
        int result = (int) compileProgram.invokeExact(program, options.size(), texts(out, options));
        String said = log(program, out);
        if (result != 0) {
          throw new NvrtcException(
              result,
              source.name()
                  + " does not compile for "
                  + options.getLast()
                  + " with NVRTC "
                  + version()
                  + ": "
                  + error(result)
                  + (said.isEmpty() ? "" : "\n" + said),
              said);
        }
        byte[] image =
            real
                ? take(program, out, cubinSize, cubin, 0, "CUBIN")
                : take(program, out, ptxSize, ptx, 1, "PTX");
        return new Compiled(image, said);
      } finally {
        long slot = out.room(8);
        RawMemory.putLong(slot, program);
        check((int) destroyProgram.invokeExact(slot), "nvrtcDestroyProgram");
      }
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private long create(KernelSource source, Out out) throws Throwable {
    List<String> names = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (Map.Entry<String, String> header : source.headers().entrySet()) {
      names.add(header.getKey());
      texts.add(header.getValue());
    }
    check(
        (int)
            createProgram.invokeExact(
                out.address(),
                out.text(source.text()),
                out.text(source.name()),
                names.size(),
                texts(out, texts),
                texts(out, names)),
        "nvrtcCreateProgram");
    return out.getLong(0);
  }

  private static long texts(Out out, List<String> texts) {
    long array = out.room(8L * Math.max(1, texts.size()));
    for (int i = 0; i < texts.size(); i++) {
      RawMemory.putLong(array + 8L * i, out.text(texts.get(i)));
    }
    return array;
  }

  private String log(long program, Out out) throws Throwable {
    long slot = out.room(8);
    check((int) logSize.invokeExact(program, slot), "nvrtcGetProgramLogSize");
    long bytes = RawMemory.getLong(slot);
    if (bytes <= 1) {
      return "";
    }
    long text = out.room(bytes + 1);
    check((int) log.invokeExact(program, text), "nvrtcGetProgramLog");
    return RawMemory.utf8(text).strip();
  }

  private byte[] take(
      long program, Out out, MethodHandle size, MethodHandle get, int behind, String what)
      throws Throwable {
    long slot = out.room(8);
    check((int) size.invokeExact(program, slot), "nvrtcGet" + what + "Size");
    int bytes = Math.toIntExact(RawMemory.getLong(slot));
    long image = out.room(Math.max(1, bytes));
    check((int) get.invokeExact(program, image), "nvrtcGet" + what);
    byte[] copy = new byte[Math.max(0, bytes - behind)];
    RawMemory.segment(image, copy.length).asByteBuffer().get(copy);
    return copy;
  }

  private String error(int result) throws Throwable {
    long text = (long) errorString.invokeExact(result);
    return text == 0 ? "error " + result : RawMemory.utf8(text);
  }

  private void check(int result, String call) throws Throwable {
    if (result != 0) {
      throw new NvrtcException(result, call + " failed: " + error(result), "");
    }
  }

  private static RuntimeException unexpected(Throwable thrown) {
    if (thrown instanceof RuntimeException ours) {
      return ours;
    }
    if (thrown instanceof UnsatisfiedLinkError missing) {
      return new NativeException(
          "this NVRTC is too old: " + missing.getMessage() + ". Install CUDA 11.1 or later.",
          missing);
    }
    if (thrown instanceof Error error) {
      throw error;
    }
    throw new AssertionError(thrown);
  }

  @Override
  public String toString() {
    return "NVRTC " + version() + ", " + path();
  }
}
