package dev.nacelle.nativeaccess;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of native memory with one owner. Slices and mapped files own nothing: closing them does
 * nothing, and they must not outlive what they were cut from. Use after close is an error that says
 * so, never a crash, as far as Java's own accessors go; kernels receive the bare address.
 */
public final class NativeBuffer implements AutoCloseable {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment segment;
  private final @Nullable NativeBuffer parent;
  private final @Nullable Runnable release;
  private volatile boolean closed;

  private NativeBuffer(
      MemorySegment segment, @Nullable NativeBuffer parent, @Nullable Runnable release) {
    this.segment = segment;
    this.parent = parent;
    this.release = release;
  }

  /** Wraps memory that {@code release} gives back; null when somebody else owns it. */
  public static NativeBuffer wrap(MemorySegment segment, @Nullable Runnable release) {
    return new NativeBuffer(segment, null, release);
  }

  /** Wraps an address that another library owns. */
  public static NativeBuffer borrow(long address, long bytes) {
    return new NativeBuffer(MemorySegment.ofAddress(address).reinterpret(bytes), null, null);
  }

  /** Bytes of new memory, 64-byte aligned, not zeroed; to be closed by the caller. */
  public static NativeBuffer allocate(long bytes) {
    return NativeMemory.allocate(bytes);
  }

  /** The part from {@code offset}, {@code bytes} long; it lives as long as this buffer. */
  public NativeBuffer slice(long offset, long bytes) {
    return new NativeBuffer(live().asSlice(offset, bytes), this, null);
  }

  public long address() {
    return live().address();
  }

  /** Whether this is a part of a mapped file, whose pages can go and come back. */
  public boolean isMapped() {
    return live().isMapped();
  }

  /** What this was cut from in the end, or itself. */
  NativeBuffer whole() {
    NativeBuffer buffer = this;
    while (buffer.parent != null) {
      buffer = buffer.parent;
    }
    return buffer;
  }

  public long byteSize() {
    return segment.byteSize();
  }

  /** The memory itself, for native-bindings and kernels alone (ArchUnit holds that). */
  public MemorySegment segment() {
    return live();
  }

  public float getFloat(long index) {
    return live().get(FLOAT, index * 4);
  }

  public void setFloat(long index, float value) {
    live().set(FLOAT, index * 4, value);
  }

  public int getInt(long index) {
    return live().get(INT, index * 4);
  }

  public void setInt(long index, int value) {
    live().set(INT, index * 4, value);
  }

  public long getLong(long index) {
    return live().get(LONG, index * 8);
  }

  public void setLong(long index, long value) {
    live().set(LONG, index * 8, value);
  }

  public short getShort(long index) {
    return live().get(SHORT, index * 2);
  }

  public void setShort(long index, short value) {
    live().set(SHORT, index * 2, value);
  }

  public byte getByte(long index) {
    return live().get(ValueLayout.JAVA_BYTE, index);
  }

  public void setByte(long index, byte value) {
    live().set(ValueLayout.JAVA_BYTE, index, value);
  }

  /** Copies {@code length} floats into the buffer from float number {@code index} on. */
  public void write(long index, float[] source, int from, int length) {
    MemorySegment.copy(source, from, live(), FLOAT, index * 4, length);
  }

  /** Copies {@code length} ints into the buffer from int number {@code index} on. */
  public void write(long index, int[] source, int from, int length) {
    MemorySegment.copy(source, from, live(), INT, index * 4, length);
  }

  /** Copies bytes into the buffer from byte {@code offset} on. */
  public void write(long offset, byte[] source, int from, int length) {
    MemorySegment.copy(source, from, live(), ValueLayout.JAVA_BYTE, offset, length);
  }

  /** Copies {@code length} floats out of the buffer from float number {@code index} on. */
  public void read(long index, float[] target, int from, int length) {
    MemorySegment.copy(live(), FLOAT, index * 4, target, from, length);
  }

  /** Copies bytes out of the buffer from byte {@code offset} on. */
  public void read(long offset, byte[] target, int from, int length) {
    MemorySegment.copy(live(), ValueLayout.JAVA_BYTE, offset, target, from, length);
  }

  /** Copies {@code bytes} from another buffer. */
  public void copyFrom(long offset, NativeBuffer source, long sourceOffset, long bytes) {
    MemorySegment.copy(source.live(), sourceOffset, live(), offset, bytes);
  }

  /** Sets every byte to zero. */
  public void zero() {
    live().fill((byte) 0);
  }

  /** A little-endian view of at most 2 GiB for file channels. */
  public ByteBuffer asByteBuffer(long offset, int bytes) {
    return live().asSlice(offset, bytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Lets the pages of a mapped file leave the resident set; what is touched again is read again.
   * Memory that no file backs stays as it is.
   */
  public void unload() {
    MemorySegment memory = live();
    if (memory.isMapped()) {
      memory.unload();
    }
  }

  public boolean isClosed() {
    return closed || (parent != null && parent.isClosed());
  }

  /**
   * Gives the memory back, where this buffer owns it.
   *
   * @throws IllegalStateException on a second close
   */
  @Override
  public void close() {
    if (closed) {
      throw new IllegalStateException("native buffer of " + byteSize() + " bytes closed twice");
    }
    closed = true;
    if (release != null) {
      release.run();
    }
  }

  private MemorySegment live() {
    if (isClosed()) {
      throw new IllegalStateException("native buffer of " + byteSize() + " bytes used after close");
    }
    return segment;
  }

  @Override
  public String toString() {
    return "NativeBuffer[" + byteSize() + " bytes" + (isClosed() ? ", closed]" : "]");
  }
}
