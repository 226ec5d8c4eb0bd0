"""Surnames, of one and of two characters, and words that only look as if they began with one."""

from __future__ import annotations

TWO = "欧阳|司马|上官|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|长孙|宇文|司徒|东方|南宫|西门|端木|百里"
_ONE = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤"
    "滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜"
    "郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程邢裴陆荣翁荀羊惠甄封靳段巫乌焦巴谷车侯全班仰宁仇"
    "甘厉武符刘景詹龙叶幸司黎白怀蒲索赖卓蔺屠蒙池乔阴闻党翟谭劳姬申冉宰雍桑桂牛寿通边尚温庄晏柴瞿阎连习艾容向古易廖庾居衡步耿满匡国文寇广欧利师"
    "巩聂晁敖冷辛阚简饶曾沙丰关查荆游竺权岳帅涂佘肖付代邸闫覃仝"
)
RARE = frozenset(
    "连向水单满管车查万方明白高时平成计经支常马金于何通过包安应花路强毛全全钱段钟祝解权关广党黄温云"
)
"""Surnames that are mostly something else: in a merely likely place they do not count, unless two characters follow."""
SURNAME = f"(?:{TWO}|[{_ONE}])"
_LOOKALIKES = (
    "孙子 付清 张新 张开 张力 张口 张嘴 张贴 张罗 毛利 许可 许昌 丁丁 韩系 师傅 巴适 柏林 宁德 张江 李宁 康佳 方正 石英 明白 明朗 明文 明抢 明志 安康 安抚 安静 安卓 白屏 白送 白搭 白放 白干 周转 周全 周结 周末 "
    "祝福 祝贺 贺词 贺卡 康复 花屏 花光 温升 温漂 孔径 段子 易损 沙龙 洪水 平躺 乔迁 荣升 金贵 金相 黄闪 水冷 干冰 云仓 封港 封样 单测 齐全 "
    "西门子 贝克曼 欧姆龙 马扎克 艾本德 马氏体 冷却塔 冷光源 许可证 卫健委 白皮书 白名单 通知书 宣传册 麻醉机 麻醉科 康复科 安全柜 安全鞋 申请人 解释权 管道工 车厘子 水平仪 干涉仪 马拉松"
)
NO_PEOPLE = frozenset(_LOOKALIKES.split())
"""Words that the dictionary takes for people's names, and some that it does not know; met in words of this trade."""
