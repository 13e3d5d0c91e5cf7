@org.jspecify.annotations.NullMarked
package dev.nacelle.kernels.gpu;
