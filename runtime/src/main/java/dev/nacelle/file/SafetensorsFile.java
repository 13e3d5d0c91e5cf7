package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.Map;

/** An open safetensors file: metadata, tensors by name, their bytes mapped. */
public final class SafetensorsFile implements TensorSource {
  private final Path path;
  private final NativeBuffer mapped;
  private final SafetensorsHeader header;
  private final FaultInjector faults;

  SafetensorsFile(Path path, NativeBuffer mapped, SafetensorsHeader header, FaultInjector faults) {
    this.path = path;
    this.mapped = mapped;
    this.header = header;
    this.faults = faults;
  }

  @Override
  public Path path() {
    return path;
  }

  /** What {@code __metadata__} holds; empty where the file has none. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  @Override
  public Map<String, TensorEntry> entries() {
    return header.entries();
  }

  /** Bytes of the whole file. */
  public long byteSize() {
    return mapped.byteSize();
  }

  @Override
  public NativeBuffer data(String name) {
    TensorEntry entry = entry(name);
    failIfAsked(faults, path, name);
    return mapped.slice(entry.offset(), entry.bytes());
  }

  @Override
  public void readFloat32(String name, NativeBuffer target) {
    TensorEntry entry = entry(name);
    Float32.widen(path, entry, data(name), 0, entry.elements(), target);
  }

  @Override
  public void readRows(String name, long first, long rows, NativeBuffer target) {
    TensorEntry entry = entry(name);
    NativeBuffer data = data(name);
    Float32.widen(path, entry, data, first * entry.columns(), rows * entry.columns(), target);
    data.unload();
  }

  static void failIfAsked(FaultInjector faults, Path path, String name) {
    if (faults.next(FaultInjector.Act.READ)) {
      throw NacelleException.input(
          "reading tensor "
              + Quoted.name(name)
              + " of "
              + Quoted.path(path)
              + " failed because "
              + FaultInjector.VARIABLE
              + " asked for it",
          "unset " + FaultInjector.VARIABLE);
    }
  }

  @Override
  public void close() {
    if (!mapped.isClosed()) {
      mapped.close();
    }
  }
}
