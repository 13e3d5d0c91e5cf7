package dev.nacelle.kernels.cpu;

import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.threads.OpenMp;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The C library, opened, with the instruction set and the number of threads that its functions are
 * called with. It stays loaded until the process ends; opening it again costs nothing.
 *
 * <p>It links libgomp.so.1 by name. The copy that LibTorch uses is opened before it, so that this
 * library finds that one, and one pool serves both.
 */
public final class KernelLibrary implements NativeFunctions {
  /** Must equal NK_ABI in library/library.c. */
  static final int ABI = 3;

  private static final Linker LINKER = Linker.nativeLinker();

  private final SymbolLookup symbols;
  private final Path file;
  private final IsaLevel level;
  private final int threads;

  private KernelLibrary(SymbolLookup symbols, Path file, IsaLevel level, int threads) {
    this.symbols = symbols;
    this.file = file;
    this.level = level;
    this.threads = threads;
  }

  /** The library, or the sentence that says why there is none and what to install. */
  public record Opened(@Nullable KernelLibrary library, String reason) {}

  /**
   * Finds and loads the library.
   *
   * @param threads how many threads each operator uses, at least 1
   * @param isa {@code generic}, {@code avx2}, {@code avx512}, {@code amx} or {@code neon}; null for
   *     {@code NACELLE_ISA}, and where that is unset the best that this processor runs
   * @throws IllegalArgumentException if this processor cannot run the level asked for
   */
  public static Opened open(int threads, @Nullable String isa) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, given " + threads);
    }
    LibraryFile.Found found = LibraryFile.find(Settings.cacheFolder());
    if (found.path() == null) {
      return new Opened(null, found.reason());
    }
    SymbolLookup symbols;
    try {
      OpenMp.load();
      symbols = SymbolLookup.libraryLookup(found.path(), Arena.global());
    } catch (IllegalArgumentException | NativeException e) {
      return new Opened(
          null,
          "the C kernels in "
              + found.path()
              + " could not be loaded ("
              + e.getMessage()
              + "); is libgomp.so.1 installed (Debian, Ubuntu: apt-get install"
              + " libgomp1)?");
    }
    int abi = call(symbols, "nk_abi");
    if (abi != ABI) {
      return new Opened(
          null,
          "the C kernels in "
              + found.path()
              + " speak ABI "
              + abi
              + ", this Nacelle "
              + ABI
              + "; build again");
    }
    IsaLevel level = choose(call(symbols, "nk_levels"), isa);
    return new Opened(new KernelLibrary(symbols, found.path(), level, threads), "");
  }

  private static IsaLevel choose(int levels, @Nullable String isa) {
    String wanted = isa == null ? Settings.get("NACELLE_ISA") : isa;
    if (wanted == null || wanted.isEmpty()) {
      return IsaLevel.best(levels);
    }
    IsaLevel level = IsaLevel.parse(wanted);
    if (!level.isIn(levels)) {
      throw new IllegalArgumentException(
          "this processor cannot run the instruction set level '"
              + wanted
              + "'; its best is '"
              + IsaLevel.best(levels).label()
              + "'");
    }
    return level;
  }

  private static int call(SymbolLookup symbols, String name) {
    try {
      return (int)
          LINKER
              .downcallHandle(
                  symbols.findOrThrow(name), FunctionDescriptor.of(ValueLayout.JAVA_INT))
              .invokeExact();
    } catch (Throwable t) {
      throw failure(name, t);
    }
  }

  /**
   * Binds {@code name_level}. Tensors are passed as their addresses (longs).
   *
   * @throws NativeException if the library has no such function
   */
  public MethodHandle bind(String name, FunctionDescriptor type) {
    String full = name + "_" + level.label();
    Optional<MemorySegment> symbol = symbols.find(full);
    if (symbol.isEmpty()) {
      throw new NativeException(
          "the C kernels in " + file + " have no function " + full + "; build again");
    }
    return LINKER.downcallHandle(symbol.get(), type);
  }

  /**
   * Binds a function that returns nothing; {@code signature} has one letter for each argument: P
   * address, L int64, I int, F float, D double.
   */
  @Override
  public MethodHandle bind(String name, String signature) {
    return bind(name, FunctionDescriptor.ofVoid(layouts(signature)));
  }

  /** As {@link #bind(String, String)}, for a function that returns an int64. */
  @Override
  public MethodHandle bindLong(String name, String signature) {
    return bind(name, FunctionDescriptor.of(ValueLayout.JAVA_LONG, layouts(signature)));
  }

  private static ValueLayout[] layouts(String signature) {
    ValueLayout[] layouts = new ValueLayout[signature.length()];
    for (int i = 0; i < layouts.length; i++) {
      layouts[i] =
          switch (signature.charAt(i)) {
            case 'P', 'L' -> ValueLayout.JAVA_LONG;
            case 'I' -> ValueLayout.JAVA_INT;
            case 'F' -> ValueLayout.JAVA_FLOAT;
            case 'D' -> ValueLayout.JAVA_DOUBLE;
            default -> throw new IllegalArgumentException("no such letter in " + signature);
          };
    }
    return layouts;
  }

  /** The number that the C code knows an element type by (NK_FP32 … in nk.h). */
  public static int code(DType dtype) {
    return DTypeCodes.of(dtype);
  }

  /** What a face throws when a bound call did: only linking errors can get here. */
  static NativeException failure(String name, Throwable cause) {
    return new NativeException("calling the C kernel " + name + " failed", cause);
  }

  /** The address of {@code nk_run_jobs}, for libraries that let another pool do their work. */
  public long jobRunner() {
    return symbols.findOrThrow("nk_run_jobs").address();
  }

  /** Whether the level is the best that this processor runs, and not one forced below it. */
  public boolean isBestLevel() {
    return level == IsaLevel.best(call(symbols, "nk_levels"));
  }

  public IsaLevel level() {
    return level;
  }

  @Override
  public int threads() {
    return threads;
  }

  /** The file that was loaded, for reports. */
  public Path file() {
    return file;
  }
}
