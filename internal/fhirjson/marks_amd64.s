#include "textflag.h"

// Sixteen bytes at SI+off to sixteen bits in out. Signed compare: x^2 is below 0x21
// for control characters, the quote, and (negative) whatever is not ASCII.
#define SIXTEEN(off, out) \
	MOVOU    off(SI), X0 \
	MOVO     X13, X1     \
	PXOR     X0, X1      \
	MOVO     X14, X2     \
	PCMPGTB  X1, X2      \
	PCMPEQB  X12, X0     \
	POR      X2, X0      \
	PMOVMSKB X0, out

// func markSSE2(dst *uint64, b *byte, words int)
TEXT ·markSSE2(SB), NOSPLIT, $0-24
	MOVQ       dst+0(FP), DI
	MOVQ       b+8(FP), SI
	MOVQ       words+16(FP), CX
	MOVQ       $0x0202020202020202, AX // what brings the quote below 0x21
	MOVQ       AX, X13
	PUNPCKLQDQ X13, X13
	MOVQ       $0x2121212121212121, AX
	MOVQ       AX, X14
	PUNPCKLQDQ X14, X14
	MOVQ       $0x5c5c5c5c5c5c5c5c, AX // backslash
	MOVQ       AX, X12
	PUNPCKLQDQ X12, X12

block:
	SIXTEEN(0, AX)
	SIXTEEN(16, BX)
	SIXTEEN(32, DX)
	SIXTEEN(48, R8)
	SHLQ $16, BX
	SHLQ $32, DX
	SHLQ $48, R8
	ORQ  BX, AX
	ORQ  R8, DX
	ORQ  DX, AX
	MOVQ AX, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JNZ  block
	RET
