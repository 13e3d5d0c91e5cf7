package dev.nacelle.nativeaccess;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.nativeaccess.torch.Handles;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** After every class of the suite no native handle and no owned buffer is open; found by JUnit. */
public final class NoHandleLeft implements AfterAllCallback {
  /** For JUnit. */
  public NoHandleLeft() {}

  @Override
  public void afterAll(ExtensionContext context) {
    assertEquals(0, Handles.live(), () -> "native handles left open; made at " + Handles.sites());
    assertEquals(0, NativeMemory.liveBuffers(), "native buffers left open");
  }
}
