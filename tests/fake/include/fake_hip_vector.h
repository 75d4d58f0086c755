/* float4 and the like: structs that can be added up, after fake_hip_half.h. */
#pragma once

template <class T, unsigned N> struct HIP_vector_type;
template <class T, unsigned N> struct fake_array {
	T of[N];
	T &operator[](unsigned i) { return of[i]; }
	const T &operator[](unsigned i) const { return of[i]; }
};
#define X(n, native, ...) \
template <class T> struct HIP_vector_type<T, n> { \
	union { \
		native<T, n> data; \
		struct { \
			T __VA_ARGS__; \
		}; \
	}; \
	HIP_vector_type() = default; \
	explicit HIP_vector_type(T v) \
	{ for (unsigned i = 0; i < n; i++) data[i] = v; } \
	template <class... A, \
	    class = typename fake_if<sizeof...(A) == n && n != 1, T>::type> \
	HIP_vector_type(A... a) : data{(T)a...} {} \
}
X(1, fake_array, x);
X(2, fake_vector, x, y);
X(3, fake_array, x, y, z);
X(4, fake_vector, x, y, z, w);
#undef X

#define X(op) \
template <class T, unsigned N> static inline HIP_vector_type<T, N> & \
operator op##=(HIP_vector_type<T, N> &a, const HIP_vector_type<T, N> &b) \
{ \
	for (unsigned i = 0; i < N; i++) \
		a.data[i] = a.data[i] op b.data[i]; \
	return a; \
} \
template <class T, unsigned N, class U, \
    class = typename fake_if<fake_is_number<U>::is, U>::type> \
static inline HIP_vector_type<T, N> & \
operator op##=(HIP_vector_type<T, N> &a, U b) \
{ \
	return a op##= HIP_vector_type<T, N>((T)b); \
} \
template <class T, unsigned N> static inline HIP_vector_type<T, N> \
operator op(HIP_vector_type<T, N> a, const HIP_vector_type<T, N> &b) \
{ \
	return a op##= b; \
} \
template <class T, unsigned N, class U, \
    class = typename fake_if<fake_is_number<U>::is, U>::type> \
static inline HIP_vector_type<T, N> \
operator op(HIP_vector_type<T, N> a, U b) \
{ \
	return a op##= HIP_vector_type<T, N>((T)b); \
} \
template <class T, unsigned N, class U, \
    class = typename fake_if<fake_is_number<U>::is, U>::type> \
static inline HIP_vector_type<T, N> \
operator op(U a, const HIP_vector_type<T, N> &b) \
{ \
	return HIP_vector_type<T, N>((T)a) op b; \
}
X(+) X(-) X(*) X(/) X(&) X(|) X(^) X(%) X(<<) X(>>)
#undef X

template <class T, unsigned N> static inline HIP_vector_type<T, N>
operator-(const HIP_vector_type<T, N> &a)
{
	return HIP_vector_type<T, N>(T()) - a;
}

template <class T, unsigned N> static inline bool
operator==(const HIP_vector_type<T, N> &a, const HIP_vector_type<T, N> &b)
{
	for (unsigned i = 0; i < N; i++)
		if (!(a.data[i] == b.data[i]))
			return false;
	return true;
}

#define X(name, T) \
typedef HIP_vector_type<T, 1> name##1; \
typedef HIP_vector_type<T, 2> name##2; \
typedef HIP_vector_type<T, 3> name##3; \
typedef HIP_vector_type<T, 4> name##4; \
static inline name##1 make_##name##1(T x) { return name##1(x); } \
static inline name##2 make_##name##2(T x, T y) { return name##2(x, y); } \
static inline name##3 make_##name##3(T x, T y, T z) \
{ return name##3(x, y, z); } \
static inline name##4 make_##name##4(T x, T y, T z, T w) \
{ return name##4(x, y, z, w); }
#define uint3 fake_uint3
X(char, signed char) X(uchar, unsigned char) X(short, short)
X(ushort, unsigned short) X(int, int) X(uint, unsigned) X(long, long)
X(ulong, unsigned long) X(longlong, long long)
X(ulonglong, unsigned long long) X(float, float) X(double, double)
#undef uint3
#undef X

static inline float2
__half22float2(__half2 v)
{
	return float2((float)v.data.x, (float)v.data.y);
}

static inline __half2
__float22half2_rn(float2 v)
{
	return __floats2half2_rn(v.x, v.y);
}
