package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.cuda.Nvml;
import dev.nacelle.nativeaccess.cuda.NvmlReading;
import java.util.List;

/** What NVML says of this machine's GPUs now; nothing where there is none. */
final class GpuSensors {
  private GpuSensors() {}

  static List<NvmlReading> read() {
    try (Nvml nvml = Nvml.open()) {
      return nvml.read();
    } catch (NativeException e) {
      return List.of(); // most machines; what a driver lacks stands under cuda
    }
  }

  static void put(ArrayNode into, List<NvmlReading> readings) {
    for (NvmlReading reading : readings) {
      ArrayNode throttling =
          into.addObject()
              .put("index", reading.index())
              .put("name", reading.name())
              .put("total_bytes", reading.totalBytes())
              .put("used_bytes", reading.usedBytes())
              .put("watts", reading.watts())
              .put("joules", reading.joules())
              .put("celsius", reading.celsius())
              .put("graphics_hertz", reading.graphicsHertz())
              .put("memory_hertz", reading.memoryHertz())
              .putArray("throttling");
      reading.throttling().forEach(throttling::add);
    }
  }
}
