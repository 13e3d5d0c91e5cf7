package dev.nacelle.file.pull;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * Closes a stream from another thread when no bytes have come for a while, which ends the read that
 * waits for them: the client's own timeout ends with the headers.
 */
final class StallGuard implements AutoCloseable {
  private final InputStream stream;
  private final long patienceNanos;
  private final Thread watcher;
  private volatile long heard = System.nanoTime();
  private volatile boolean stalled;

  StallGuard(InputStream stream, Duration patience) {
    this.stream = stream;
    this.patienceNanos = patience.toNanos();
    this.watcher = Thread.ofVirtual().name("nacelle-stall-guard").start(this::watch);
  }

  private void watch() {
    try {
      while (true) {
        long left = patienceNanos - (System.nanoTime() - heard);
        if (left <= 0) {
          stalled = true;
          stream.close();
          return;
        }
        Thread.sleep(Duration.ofNanos(left));
      }
    } catch (InterruptedException e) {
      return; // the reader is done
    } catch (IOException e) {
      return; // the reader hears of it too
    }
  }

  /** Bytes came. */
  void heard() {
    heard = System.nanoTime();
  }

  boolean stalled() {
    return stalled;
  }

  @Override
  public void close() {
    watcher.interrupt();
  }
}
