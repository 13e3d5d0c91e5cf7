package dev.nacelle.kernels.cuda;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;

/** Compiles one source, and gives the compiler's log: all that the test of the kernels needs. */
final class Nvrtc {
  private static final AddressLayout P = ValueLayout.ADDRESS;
  private static final ValueLayout.OfInt I = ValueLayout.JAVA_INT;

  private final MethodHandle create;
  private final MethodHandle compile;
  private final MethodHandle logSize;
  private final MethodHandle log;
  private final MethodHandle destroy;

  Nvrtc(Path library) {
    SymbolLookup symbols = SymbolLookup.libraryLookup(library, Arena.global());
    create = bind(symbols, "nvrtcCreateProgram", P, P, P, I, P, P);
    compile = bind(symbols, "nvrtcCompileProgram", P, I, P);
    logSize = bind(symbols, "nvrtcGetProgramLogSize", P, P);
    log = bind(symbols, "nvrtcGetProgramLog", P, P);
    destroy = bind(symbols, "nvrtcDestroyProgram", P);
  }

  private static MethodHandle bind(SymbolLookup symbols, String name, MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(symbols.findOrThrow(name), FunctionDescriptor.of(I, arguments));
  }

  private static MemorySegment texts(Arena arena, Collection<String> texts) {
    MemorySegment pointers = arena.allocate(P, Math.max(1, texts.size()));
    int i = 0;
    for (String text : texts) {
      pointers.setAtIndex(P, i++, arena.allocateFrom(text));
    }
    return pointers;
  }

  /** What came of it: NVRTC's code, 0 for success, and its log. */
  record Answer(int code, String log) {}

  Answer compile(CudaSource source, List<String> options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment program = arena.allocate(P);
      int created =
          (int)
              create.invokeExact(
                  program,
                  arena.allocateFrom(source.text()),
                  arena.allocateFrom(source.name() + ".cu"),
                  source.headers().size(),
                  texts(arena, source.headers().values()),
                  texts(arena, source.headers().keySet()));
      if (created != 0) {
        return new Answer(created, "nvrtcCreateProgram failed");
      }
      MemorySegment handle = program.get(P, 0);
      int code = (int) compile.invokeExact(handle, options.size(), texts(arena, options));
      MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
      int sized = (int) logSize.invokeExact(handle, size);
      MemorySegment text = arena.allocate(Math.max(1, size.get(ValueLayout.JAVA_LONG, 0)));
      int read = (int) log.invokeExact(handle, text);
      int gone = (int) destroy.invokeExact(program);
      return new Answer(code + sized + read + gone, text.getString(0));
    } catch (Throwable t) {
      throw new IllegalStateException("calling NVRTC failed", t);
    }
  }
}
