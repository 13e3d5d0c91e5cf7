package dev.nacelle.file;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/**
 * What the bytes of a tensor are, for those who use them where they lie.
 *
 * @param dtype the type of plain elements; null where there are none, or none of ours
 * @param blocks the format of quantised blocks; null for plain elements
 * @param headRows rows of a head that the file interleaves: row t·d/2 + j is stored as row 2j + t;
 *     0 where the file's order is the tensor's
 */
public record StoredAs(@Nullable DType dtype, @Nullable BlockFormat blocks, long headRows) {}
