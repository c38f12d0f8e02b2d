#include "go_asm.h"
#include "textflag.h"

// COMPARE32 sets in X1, and behind it in X6, each byte of 32 that is the same in the old
// text at R11 and in the new one at DX. It goes back where these may not be read.
#define COMPARE32 \
	CMPQ DX, R9; \
	JGT  back; \
	MOVOU (R14)(R11*1), X0; \
	MOVOU (R8)(DX*1), X1; \
	MOVOU 16(R14)(R11*1), X5; \
	MOVOU 16(R8)(DX*1), X6; \
	PCMPEQB X0, X1; \
	PCMPEQB X5, X6

// func retraceSSE2(fresh, old *cell, cells int, from, b *byte, size int, marks *uint64, prev, delta, move uint32) (done int, prev2, delta2 uint32)
//
// DI fresh, SI old, BX cells left, R14 from, R8 b, R9 the last offset of it at which 32 bytes
// may be read, R10 marks, R11 prev (R15 before the cell at hand), R12 delta. X2 is delta,
// delta, move, move, for the first four words of a cell; X3 is delta, 0, 0, 0, for its name;
// X7 is zero.
TEXT ·retraceSSE2(SB), NOSPLIT, $0-88
	MOVQ fresh+0(FP), DI
	MOVQ old+8(FP), SI
	MOVQ cells+16(FP), BX
	MOVQ from+24(FP), R14
	MOVQ b+32(FP), R8
	MOVQ size+40(FP), R9
	SUBQ $32, R9
	MOVQ marks+48(FP), R10
	MOVL prev+56(FP), R11
	MOVL delta+60(FP), R12
	MOVL move+64(FP), R13
	PXOR X7, X7
	MOVL R13, X4
	PSHUFL $0x00, X4, X4

moved: // delta is another one
	MOVL       R12, X3
	PSHUFL     $0x00, X3, X2
	PUNPCKLQDQ X4, X2

next:
	TESTQ BX, BX
	JZ    stop
	MOVL  R11, R15 // prev, if this cell is not written
	MOVOU cell_start(SI), X0
	MOVOU cell_name(SI), X1
	PADDL X2, X0
	MOVO  X1, X5
	PCMPEQL X7, X5  // where the name is 0 it stays so
	PANDN X3, X5
	PADDL X5, X1
	MOVOU X0, cell_start(DI)
	MOVOU X1, cell_name(DI)
	MOVBLZX cell_shape(SI), AX
	CMPL  AX, $const_array
	JLS   done
	CMPL  AX, $const_text
	JNE   stop
	TESTB $const_escaped+const_blank, cell_flags(SI)
	JNE   stop
	CMPL  cell_node(SI), $0
	JEQ   stop

	// What is between the value before and this one, its quote included: CX bytes.
	MOVL cell_start(SI), CX
	INCL CX
	SUBL R11, CX
	LEAL (R11)(R12*1), DX // where it begins in the new text
	CMPL CX, $32
	JHI  wide

narrow: // 32 of them or fewer are left, from R11 and DX on
	COMPARE32
	PMOVMSKB X1, AX
	PMOVMSKB X6, R13
	SHLL $16, R13
	ORL  R13, AX
	NOTL AX // a bit for each byte that differs
	LEAL (DX)(CX*1), R13 // the first byte of the string
	NEGL CX // shift those out that are of the value
	SHLQ CX, AX
	TESTQ AX, AX
	JNE  back

	// The first mark from R13 on, 57 of them or more at once.
	MOVL R13, DX
	SHRL $3, DX
	MOVQ (R10)(DX*1), AX
	MOVL R13, CX
	ANDL $7, CX
	SHRQ CX, AX
	BSFQ AX, AX
	JEQ  far
	ADDL R13, AX

found: // the mark is at AX
	CMPB (R8)(AX*1), $'"'
	JNE  back
	CMPL AX, R13
	JEQ  back // it is empty
	INCL AX
	MOVL AX, cell_end(DI)
	MOVL cell_end(SI), R11
	SUBL R11, AX
	ADDQ $cell__size, DI
	ADDQ $cell__size, SI
	DECQ BX
	CMPL AX, R12
	JEQ  next
	MOVL AX, R12
	JMP  moved

wide: // the first 32 of more
	COMPARE32
	PAND X6, X1
	PMOVMSKB X1, AX
	CMPL AX, $0xffff
	JNE  back
	ADDL $32, R11
	ADDL $32, DX
	SUBL $32, CX
	CMPL CX, $32
	JHI  wide
	JMP  narrow

done:
	ADDQ $cell__size, DI
	ADDQ $cell__size, SI
	DECQ BX
	JMP  next

far: // no mark in the word at DX; DX is in bytes of marks
	ADDQ $8, DX
	MOVL DX, CX
	SHLL $3, CX
	SUBQ $32, CX
	CMPQ CX, R9
	JGE  back // beyond the text
	MOVQ (R10)(DX*1), AX
	BSFQ AX, AX
	JEQ  far
	LEAL (AX)(DX*8), AX
	JMP  found

back:
	MOVL R15, R11

stop:
	MOVQ cells+16(FP), AX
	SUBQ BX, AX
	MOVQ AX, done+72(FP)
	MOVL R11, prev2+80(FP)
	MOVL R12, delta2+84(FP)
	RET
