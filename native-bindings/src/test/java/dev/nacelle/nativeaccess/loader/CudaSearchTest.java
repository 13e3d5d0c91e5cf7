package dev.nacelle.nativeaccess.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.nativeaccess.NativeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where CUDA's libraries are looked for, over trees of empty files. */
final class CudaSearchTest {
  @TempDir Path root;
  private final Map<String, String> environment = new HashMap<>();

  private String put(String file) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    return Files.writeString(path, "").toString();
  }

  private CudaSearch search() {
    return new CudaSearch(environment::get, root);
  }

  @Test
  void boardsAndWorkstationsHaveTheirOwnPlaces() throws IOException {
    String orin = put("usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1");
    String xavier = put("usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1");
    String desktop = put("usr/lib/x86_64-linux-gnu/libcuda.so.1");
    assertEquals(List.of(orin, xavier, desktop, "libcuda.so.1"), search().driver());
  }

  @Test
  void wheelsGoBeforeToolkitsAndTheNewestToolkitFirst() throws IOException {
    environment.put("VIRTUAL_ENV", root.resolve("venv").toString());
    String wheel = put("venv/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13");
    put("venv/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.alt.so.13");
    String older = put("venv/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12");
    String toolkit = put("usr/local/cuda-12.6/lib64/libnvrtc.so.12.6.85");
    String newer = put("usr/local/cuda-13.0/targets/aarch64-linux/lib/libnvrtc.so.13");
    List<String> found = search().nvrtc();
    assertEquals(List.of(wheel, older, newer, toolkit), found.subList(0, 4));
    assertTrue(found.containsAll(List.of("libnvrtc.so.13", "libnvrtc.so.10.2", "libnvrtc.so")));
  }

  @Test
  void whatIsNamedIsTheOnlyOne() throws IOException {
    put("usr/lib/x86_64-linux-gnu/libcuda.so.1");
    String named = put("mine/libcuda.so.1");
    environment.put("NACELLE_LIBCUDA", root.resolve("mine").toString());
    assertEquals(List.of(named), search().driver());
    String nvrtc = put("mine/libnvrtc.so.13");
    environment.put("NACELLE_NVRTC", nvrtc);
    assertEquals(List.of(nvrtc), search().nvrtc());
  }

  @Test
  void whatIsMissingIsSaidWithWhatWasTried() throws IOException {
    environment.put("NACELLE_LIBCUDA", root.resolve("nowhere.so").toString());
    environment.put("NACELLE_NVRTC", put("broken/libnvrtc.so.13"));
    CudaLibraries libraries = new CudaLibraries(environment::get, root);
    NativeException driver = assertThrows(NativeException.class, libraries::driver);
    assertTrue(String.valueOf(driver.getMessage()).contains("nowhere.so"), driver.getMessage());
    assertTrue(
        String.valueOf(driver.getMessage()).contains("NACELLE_LIBCUDA"), driver.getMessage());
    NativeException nvrtc = assertThrows(NativeException.class, libraries::nvrtc);
    assertTrue(
        String.valueOf(nvrtc.getMessage()).contains("pip install nvidia-cuda-nvrtc"),
        nvrtc.getMessage());
    List<FoundLibrary> report = libraries.report();
    assertEquals("not found", report.getFirst().origin());
    assertEquals(root.resolve("broken/libnvrtc.so.13").toString(), report.getLast().path());
    assertEquals("13", report.getLast().version());
  }
}
