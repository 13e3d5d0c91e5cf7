package dev.nacelle.file.pull;

/** Hears what a pull does, on the thread that pulls. */
public interface PullListener {
  /** Hears nothing. */
  PullListener SILENT =
      new PullListener() {
        @Override
        public void note(String text) {}

        @Override
        public void progress(String file, long done, long total) {}
      };

  /** Something that happens once and may take a while. */
  void note(String text);

  /**
   * Bytes that came.
   *
   * @param file what is being brought
   * @param done bytes of it that are there
   * @param total bytes of the whole; −1 where the server does not say
   */
  void progress(String file, long done, long total);
}
