/* NVRTC without a compiler: images say what was asked for. -DOLD: 10.2, PTX alone, no list of architectures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { char source[4096], log[4096], image[4096]; size_t bytes; int cubin; } program;
static int compiled;

int fake_compiled(void) { return compiled; }
int nvrtcVersion(int *major, int *minor) {
#ifdef OLD
  *major = 10; *minor = 2;
#else
  *major = 12; *minor = 8;
#endif
  return 0;
}
const char *nvrtcGetErrorString(int e) { return e == 6 ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR_OTHER"; }
int nvrtcCreateProgram(program **p, const char *source, const char *name, int n, const char **headers, const char **names) {
  *p = calloc(1, sizeof(program));
  int at = snprintf((*p)->source, sizeof (*p)->source, "%s:%s", name, source);
  for (int i = 0; i < n; i++) at += snprintf((*p)->source + at, sizeof (*p)->source - (size_t)at, "|%s=%s", names[i], headers[i]);
  return 0;
}
int nvrtcDestroyProgram(program **p) { free(*p); *p = NULL; return 0; }
int nvrtcCompileProgram(program *p, int n, const char **options) {
  compiled++;
  if (strstr(p->source, "wrong")) { snprintf(p->log, sizeof p->log, "wrong.cu(3): error: expected a \";\"\n"); return 6; }
  for (int i = 0; i < n; i++) if (strstr(options[i], "sm_")) p->cubin = 1;
  int at = snprintf(p->image, sizeof p->image, "%s", p->cubin ? "\177ELF" : "// PTX");
  for (int i = 0; i < n; i++) at += snprintf(p->image + at, sizeof p->image - (size_t)at, " %s", options[i]);
  at += snprintf(p->image + at, sizeof p->image - (size_t)at, " %s", p->source);
  p->bytes = (size_t)at + !p->cubin;
  return 0;
}
int nvrtcGetProgramLogSize(program *p, size_t *n) { *n = strlen(p->log) + 1; return 0; }
int nvrtcGetProgramLog(program *p, char *log) { strcpy(log, p->log); return 0; }
int nvrtcGetPTXSize(program *p, size_t *n) { *n = p->bytes; return 0; }
int nvrtcGetPTX(program *p, char *image) { memcpy(image, p->image, p->bytes); return 0; }
#ifndef OLD
int nvrtcGetCUBINSize(program *p, size_t *n) { *n = p->bytes; return 0; }
int nvrtcGetCUBIN(program *p, char *image) { memcpy(image, p->image, p->bytes); return 0; }
int nvrtcGetNumSupportedArchs(int *n) { *n = 4; return 0; }
int nvrtcGetSupportedArchs(int *a) { a[0] = 75; a[1] = 80; a[2] = 87; a[3] = 90; return 0; }
#endif
