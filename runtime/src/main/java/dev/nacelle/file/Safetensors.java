package dev.nacelle.file;

import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;

/** Opens safetensors files: eight bytes of header length, a JSON header, the tensors' bytes. */
public final class Safetensors {
  private Safetensors() {}

  /** Opens a file without injected faults. */
  public static SafetensorsFile open(Path file) {
    return open(file, FaultInjector.none());
  }

  /**
   * Maps the file and checks its header against every rule of the format.
   *
   * @throws dev.nacelle.NacelleException of kind INPUT, naming the file, the place and the rule
   */
  public static SafetensorsFile open(Path file, FaultInjector faults) {
    NativeBuffer mapped = MappedFile.open(file, "a safetensors file", 8);
    try {
      return new SafetensorsFile(file, mapped, SafetensorsHeader.parse(file, mapped), faults);
    } catch (RuntimeException | Error e) {
      mapped.close();
      throw e;
    }
  }
}
