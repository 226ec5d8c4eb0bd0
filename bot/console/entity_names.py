"""What entities are called where people read them."""

from __future__ import annotations

ENTITIES = {
    "product": "产品", "quantity": "数量", "quantity_range": "数量范围", "money": "金额", "discount": "折扣", "time": "时间",
    "duration": "期限", "spec": "参数", "competitor": "竞品", "organisation": "单位", "person": "人", "phone": "电话",
    "contract_no": "合同号", "order_no": "订单号", "alarm": "故障码", "percent": "比例", "date": "日期", "email": "邮箱",
    "delivery": "交付要求", "id_number": "证件号", "address": "地址", "bank_card": "银行卡", "plate": "车牌", "chat_account": "微信/QQ",
}  # fmt: skip
