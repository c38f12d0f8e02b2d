package fhirjson

// populous has a bit for each three-digit ZIP area with more than 20,000 people by the
// 2020 census, those left out that HHS lists by the census of 2000 (45 CFR
// 164.514(b)(2)(i)(B)). An area without a bit shows as 000.
var populous = [16]uint64{
	0x777fffeffffffec0, 0xffffffb003ffffff,
	0xffffffffffffffff, 0xffffffffffdfc3fe,
	0xff7fffffffffdfff, 0xff7dfffded6fefff,
	0xffffcff7ffff7fff, 0xdffffffffffff7ff,
	0xfcffe6fffeddff1f, 0xfeffdfffffffdff3,
	0xb02ffbffff77fdf3, 0xfffdffbfcffff7df,
	0x3f51ffffffbfffe7, 0xc80f2ec39bbcfb7f,
	0xffffbbfdffffdfd6, 0x000000fff7fffd83,
}
