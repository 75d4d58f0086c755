/* ke-plan
{ "flags": ["-fplugin=/tmp/evil.so"],
  "launches": [{"kernel": "axpy", "args": []}] }
A compiler flag that loads code into the compiler. */

void
axpy(void)
{
}
