/* __half and __half2, with what hiprtc has for them. */
#pragma once

typedef fake_vector<_Float16, 2> fake_half2;

struct __half_raw {
	union {
		_Float16 data;
		unsigned short x;
	};
};

template <bool, class T> struct fake_if {};
template <class T> struct fake_if<true, T> { typedef T type; };
template <class T> struct fake_is_number { static const bool is = false; };
#define X(T) template <> struct fake_is_number<T> \
	{ static const bool is = true; };
X(bool) X(char) X(signed char) X(unsigned char) X(short) X(unsigned short)
X(int) X(unsigned) X(long) X(unsigned long) X(long long)
X(unsigned long long) X(_Float16) X(float) X(double)
#undef X

struct __half {
protected:
	union {
		_Float16 data;
		unsigned short __x;
	};
public:
	__half() = default;
	__half(const __half_raw &r) : data(r.data) {}
	template <class T,
	    class = typename fake_if<fake_is_number<T>::is, T>::type>
	__half(T v) : data((_Float16)v) {}
	template <class T,
	    class = typename fake_if<fake_is_number<T>::is, T>::type>
	operator T() const { return (T)data; }
	operator __half_raw() const { return {{data}}; }
	__half &operator+=(const __half &h) { data += h.data; return *this; }
	__half &operator-=(const __half &h) { data -= h.data; return *this; }
	__half &operator*=(const __half &h) { data *= h.data; return *this; }
	__half &operator/=(const __half &h) { data /= h.data; return *this; }
	__half operator-() const { return __half(-data); }
	__half operator+() const { return *this; }
#define X(op) friend inline __half operator op(const __half &a, \
	const __half &b) { return __half((_Float16)(a.data op b.data)); }
	X(+) X(-) X(*) X(/)
#undef X
#define X(op) friend inline bool operator op(const __half &a, \
	const __half &b) { return a.data op b.data; }
	X(==) X(!=) X(<) X(>) X(<=) X(>=)
#undef X
};
typedef __half half;

static inline _Float16 fake_data(__half h) { return __half_raw(h).data; }

struct __half2 {
	union {
		fake_half2 data;
		struct {
			unsigned short x, y;
		};
	};
	__half2() = default;
	__half2(fake_half2 v) : data(v) {}
	__half2(const __half &a, const __half &b)
	    : data{fake_data(a), fake_data(b)} {}
#define X(op) \
	__half2 &operator op##=(const __half2 &h) \
	{ data op##= h.data; return *this; } \
	friend inline __half2 operator op(const __half2 &a, const __half2 &b) \
	{ return __half2(a.data op b.data); }
	X(+) X(-) X(*) X(/)
#undef X
	__half2 operator-() const { return __half2(-data); }
};
typedef __half2 half2;

static inline float __half2float(__half h) { return (float)fake_data(h); }
static inline __half __float2half(float v) { return __half(v); }
static inline __half __float2half_rn(float v) { return __half(v); }
static inline __half __double2half(double v) { return __half(v); }
static inline __half __int2half_rn(int v) { return __half(v); }
static inline int __half2int_rz(__half h) { return (int)fake_data(h); }

static inline unsigned short
__half_as_ushort(__half h)
{
	return __half_raw(h).x;
}

static inline __half
__ushort_as_half(unsigned short bits)
{
	__half_raw r;

	r.x = bits;
	return r;
}

static inline short __half_as_short(__half h) { return __half_as_ushort(h); }
static inline __half __short_as_half(short v) { return __ushort_as_half(v); }

#define X(name, op) \
	static inline __half __h##name(__half a, __half b) \
	{ return a op b; } \
	static inline __half2 __h##name##2(__half2 a, __half2 b) \
	{ return a op b; }
X(add, +) X(sub, -) X(mul, *)
#undef X
#define X(name, op) static inline bool __h##name(__half a, __half b) \
	{ return a op b; }
X(eq, ==) X(ne, !=) X(lt, <) X(gt, >) X(le, <=) X(ge, >=)
#undef X
static inline __half __hdiv(__half a, __half b) { return a / b; }
static inline __half2 __h2div(__half2 a, __half2 b) { return a / b; }
static inline __half __hneg(__half a) { return -a; }
static inline __half2 __hneg2(__half2 a) { return -a; }
static inline __half __habs(__half a)
{ return __ushort_as_half(__half_as_ushort(a) & 0x7fff); }
static inline __half __hmax(__half a, __half b) { return a > b ? a : b; }
static inline __half __hmin(__half a, __half b) { return a < b ? a : b; }
static inline bool __hisnan(__half a) { return a != a; }

/* rounded once: a double holds the sum of the product and what is added to
 * within less than a half does */
static inline __half
__hfma(__half a, __half b, __half c)
{
	return __half((double)a * (double)b + (double)c);
}

static inline __half __low2half(__half2 v) { return __half(v.data.x); }
static inline __half __high2half(__half2 v) { return __half(v.data.y); }
static inline float __low2float(__half2 v) { return (float)v.data.x; }
static inline float __high2float(__half2 v) { return (float)v.data.y; }
static inline __half2 __half2half2(__half h) { return __half2(h, h); }
static inline __half2 __halves2half2(__half a, __half b)
{ return __half2(a, b); }
static inline __half2 __low2half2(__half2 v)
{ return __half2half2(__low2half(v)); }
static inline __half2 __high2half2(__half2 v)
{ return __half2half2(__high2half(v)); }
static inline __half2 __floats2half2_rn(float a, float b)
{ return __half2(__half(a), __half(b)); }
static inline __half2 __float2half2_rn(float v)
{ return __floats2half2_rn(v, v); }

static inline __half2
__hfma2(__half2 a, __half2 b, __half2 c)
{
	return __half2(__hfma(__low2half(a), __low2half(b), __low2half(c)),
	    __hfma(__high2half(a), __high2half(b), __high2half(c)));
}

#define X(name) \
	static inline __half h##name(__half h) \
	{ return __half(name((float)h)); } \
	static inline __half2 h2##name(__half2 v) \
	{ return __half2(h##name(__low2half(v)), h##name(__high2half(v))); }
X(exp) X(exp2) X(log) X(log2) X(sqrt) X(rsqrt) X(sin) X(cos) X(floor) X(ceil)
X(rint) X(trunc)
#undef X
static inline __half hrcp(__half h) { return __half(1 / (float)h); }
